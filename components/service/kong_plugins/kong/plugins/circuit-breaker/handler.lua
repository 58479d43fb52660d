local breaker = require "gateway.breaker"
local report = require "gateway.report"
local window = require "gateway.window"

-- After rate-limiting (910): a request that is refused there is no sign of the server's health.
local CircuitBreaker = { VERSION = "1.0.0", PRIORITY = 800 }

-- What may be sent twice: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
local IDEMPOTENT = { GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true, DELETE = true }

local configs = {}
local reported = true

local function push(premature)
  local address = configs[1] and configs[1].report_to
  if premature or not address then
    return
  end
  local body = report.body(ngx.shared.gateway, kong.node.get_hostname(), configs, ngx.now())
  local status, failed = report.send(address, body)
  local succeeded = status == 204
  if reported and not succeeded then
    kong.log.warn("the dashboard at ", address, " does not take reports: ", failed or status)
  end
  reported = succeeded
end

-- The plugin's settings of all servers, at the start and whenever they change.
function CircuitBreaker:configure(all)
  configs = all or {}
end

function CircuitBreaker:init_worker()
  if ngx.worker.id() == 0 then
    ngx.timer.every(report.SECONDS, push)
  end
end

-- Whether the fallback may be the answer: what writes must never seem to have been done.
local function has_fallback(config)
  local method = kong.request.get_method()
  return config.fallback and (method == "GET" or method == "HEAD")
end

function CircuitBreaker:access(config)
  local memory, now, mine = ngx.shared.gateway, ngx.now(), kong.ctx.plugin
  local admitted, probe = breaker.admit(memory, config.server, now)
  if not admitted then
    window.count(memory, config.server, "short_circuited", now)
    if has_fallback(config) then
      window.count(memory, config.server, "fallback", now)
      local headers = { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store", ["X-Fallback"] = "open" }
      return kong.response.exit(200, config.fallback, headers)
    end
    local headers = { ["Retry-After"] = tostring(breaker.SLEEP_SECONDS) }
    return kong.response.exit(503, { message = config.server .. " is out; try again" }, headers)
  end
  mine.admitted, mine.probe, mine.started = true, probe, now
  if probe or not IDEMPOTENT[kong.request.get_method()] or not breaker.may_retry(memory, config.server, now) then
    kong.service.set_retries(0)
  end
end

function CircuitBreaker:header_filter(config)
  local mine = kong.ctx.plugin
  if not mine.admitted then
    return
  end
  -- Kong's own 502, 503 and 504, such as for a server of which no address is left, are the server's failures too.
  local memory, now, status = ngx.shared.gateway, ngx.now(), kong.response.get_status()
  local outcome = status == 504 and "timeout" or status >= 500 and "failure" or "success"
  breaker.record(memory, config.server, now, outcome, (now - mine.started) * 1000, mine.probe, config.error_percent)
  mine.recorded = true
  if outcome ~= "success" and has_fallback(config) then
    window.count(memory, config.server, "fallback", now)
    kong.response.set_status(200)
    kong.response.set_header("Content-Type", "application/json")
    kong.response.set_header("Cache-Control", "no-store")
    kong.response.set_header("X-Fallback", outcome)
    for _, header in ipairs({ "Content-Length", "Content-Encoding", "ETag", "Last-Modified", "Retry-After" }) do
      kong.response.clear_header(header)
    end
    mine.instead = config.fallback
  end
end

function CircuitBreaker:body_filter()
  local mine = kong.ctx.plugin
  if mine.instead then
    ngx.arg[1], ngx.arg[2] = mine.instead, true
    mine.instead = ""
  end
end

function CircuitBreaker:log(config)
  local mine = kong.ctx.plugin
  if mine.probe and not mine.recorded then
    breaker.release(ngx.shared.gateway, config.server)
  end
  -- nginx names every address that it tried, with commas between.
  for _ in (mine.admitted and ngx.var.upstream_addr or ""):gmatch(",") do
    window.count(ngx.shared.gateway, config.server, "retry", ngx.now())
  end
end

return CircuitBreaker
