-- What an access token lets its holder do: the scopes in the claim "scope", as RFC 9068 has it.
local cjson = require "cjson.safe"

local scope = {}

-- The token's claims, or nil where it is none. Who signed it the balancer has found out.
local function claims(authorization)
  -- All of the header: of two tokens with a comma between them the balancer may have looked at the other.
  local payload = (authorization or ""):match("^[Bb]earer +[%w_-]+%.([%w_-]+)%.[%w_-]+$")
  local text = payload and ngx.decode_base64((payload:gsub("[_-]", { ["-"] = "+", ["_"] = "/" })))
  local said = text and cjson.decode(text)
  return type(said) == "table" and said or nil
end

function scope.held(authorization, wanted)
  local said = claims(authorization)
  if not said or type(said.scope) ~= "string" then
    return false
  end
  for one in said.scope:gmatch("%S+") do
    if one == wanted then
      return true
    end
  end
  return false
end

return scope
