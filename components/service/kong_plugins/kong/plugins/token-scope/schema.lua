local typedefs = require "kong.db.schema.typedefs"

return {
  name = "token-scope",
  fields = {
    { protocols = typedefs.protocols_http },
    { config = {
        type = "record",
        fields = {
          { scope = { type = "string", required = true } },
        },
    } },
  },
}
