local typedefs = require "kong.db.schema.typedefs"

return {
  name = "circuit-breaker",
  fields = {
    { protocols = typedefs.protocols_http },
    { config = {
        type = "record",
        fields = {
          { server = { type = "string", required = true } },
          { error_percent = { type = "integer", required = true, between = { 1, 100 } } },
          { timeout_ms = { type = "integer", required = true, gt = 0 } },
          { fallback = { type = "string" } },
          { report_to = { type = "string" } },
        },
    } },
  },
}
