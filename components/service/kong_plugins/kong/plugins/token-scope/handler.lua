local scope = require "gateway.scope"

-- Before what counts and limits, as Kong's own plugins that ask who one is.
local TokenScope = { VERSION = "1.0.0", PRIORITY = 1400 }

function TokenScope:access(config)
  if not scope.held(ngx.var.http_authorization, config.scope) then
    local why = string.format('Bearer error="insufficient_scope", scope="%s"', config.scope)
    return kong.response.exit(403, { message = "Your token is not for this" }, { ["WWW-Authenticate"] = why })
  end
end

return TokenScope
