local typedefs = require "kong.db.schema.typedefs"

return {
  name = "load-shedding",
  fields = {
    { protocols = typedefs.protocols_http },
    { config = {
        type = "record",
        fields = {
          { server = { type = "string", required = true } },
          { priority = { type = "integer", required = true, between = { 0, 100 } } },
          { capacity = { type = "integer", required = true, gt = 0 } },
        },
    } },
  },
}
