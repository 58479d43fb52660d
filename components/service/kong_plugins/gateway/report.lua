-- Tells the dashboard every second how the machine's breakers stand. Nothing waits for it, and nothing fails with it.
local breaker = require "gateway.breaker"
local cjson = require "cjson.safe"

local report = { SECONDS = 1 }

function report.body(memory, machine, configs, now)
  local breakers = {}
  for _, config in ipairs(configs) do
    breakers[#breakers + 1] = breaker.state(memory, config.server, now, config)
  end
  return cjson.encode({ machine = machine, breakers = breakers })
end

-- The answer's status, or nil and why there is none.
function report.send(address, body)
  local scheme = address:match(":443$") and "https" or "http"
  local http = require("resty.http").new()
  http:set_timeout(report.SECONDS * 1000)
  local answer, failed = http:request_uri(scheme .. "://" .. address .. "/breakers", {
    method = "POST",
    body = body,
    headers = { ["Content-Type"] = "application/json" },
    ssl_verify = true,
  })
  return answer and answer.status, failed
end

return report
