local shedding = require "gateway.shedding"
local window = require "gateway.window"

-- Before everything that costs time: rate-limiting runs at 910.
local LoadShedding = { VERSION = "1.0.0", PRIORITY = 2000 }

function LoadShedding:access(config)
  -- Requests under way on the whole machine, as nginx itself counts them.
  local load = kong.nginx.get_statistics().connections_writing / config.capacity
  if shedding.sheds(config.priority, load) then
    window.count(ngx.shared.gateway, config.server, "shed", ngx.now())
    -- A spread, so that those who were sent away do not come back together.
    local seconds = math.random(1, 5)
    return kong.response.exit(503, { message = "Too much to do; try again" }, { ["Retry-After"] = tostring(seconds) })
  end
end

return LoadShedding
