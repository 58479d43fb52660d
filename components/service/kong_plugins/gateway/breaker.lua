-- A server's circuit breaker, with the rules and the numbers of Hystrix:
-- https://github.com/Netflix/Hystrix/wiki/Configuration#circuit-breaker
--
-- closed: every request goes on. Where of REQUESTS or more in the window a share of error_percent has failed, it opens.
-- open: no request goes on until SLEEP_SECONDS have passed; then half-open, one does, the probe.
-- The probe closes it by succeeding, and keeps it open as long again by failing.
local window = require "gateway.window"

local breaker = { REQUESTS = 20, SLEEP_SECONDS = 5 }

-- A fifth of the requests of ten seconds, and ten in any case, may be tried again: more would be a storm.
-- The share is Finagle's: https://twitter.github.io/finagle/guide/Clients.html#retries
breaker.RETRY_SHARE, breaker.RETRIES = 0.2, 10

function breaker.is_open(memory, server)
  return memory:get(server .. "|open") ~= nil
end

-- Whether a request may go on, and whether it is the probe.
function breaker.admit(memory, server, now)
  local opened = memory:get(server .. "|open")
  if not opened then
    return true, false
  end
  if now < opened + breaker.SLEEP_SECONDS then
    return false, false
  end
  -- The first to add it is the probe; it expires, so that a probe that is never answered is followed by another.
  local first = memory:add(server .. "|probe", true, breaker.SLEEP_SECONDS)
  return first == true, first == true
end

local function share_failed(memory, server, now)
  local failed = window.sum(memory, server, "failure", now) + window.sum(memory, server, "timeout", now)
  local all = failed + window.sum(memory, server, "success", now)
  return all, all == 0 and 0 or failed / all * 100
end

-- How an admitted request went: "success", "failure" or "timeout", and how long until its answer began.
function breaker.record(memory, server, now, outcome, milliseconds, probe, error_percent)
  window.count(memory, server, outcome, now)
  window.time(memory, server, now, milliseconds)
  if probe then
    memory:delete(server .. "|probe")
    if outcome == "success" then
      memory:delete(server .. "|open")
      window.forget(memory, server, now)
    else
      memory:set(server .. "|open", now)
    end
  elseif outcome ~= "success" and not breaker.is_open(memory, server) then
    local all, percent = share_failed(memory, server, now)
    if all >= breaker.REQUESTS and percent >= error_percent then
      memory:set(server .. "|open", now)
    end
  end
end

-- A probe that ended without an answer of the server: the next request is the probe.
function breaker.release(memory, server)
  memory:delete(server .. "|probe")
end

-- Whether a request that fails may be tried again.
function breaker.may_retry(memory, server, now)
  local retried = window.sum(memory, server, "retry", now)
  local all = share_failed(memory, server, now)
  return retried < math.max(breaker.RETRIES, breaker.RETRY_SHARE * all)
end

-- What the machine knows of a server, as the dashboard's machines add it up.
function breaker.state(memory, server, now, settings)
  local counts = {}
  for _, kind in ipairs({ "success", "failure", "timeout", "short_circuited", "shed", "fallback", "retry" }) do
    counts[kind] = window.sum(memory, server, kind, now)
  end
  return {
    server = server,
    open = breaker.is_open(memory, server),
    counts = counts,
    steps = window.STEPS,
    histogram = window.histogram(memory, server, now),
    milliseconds = window.sum(memory, server, "milliseconds", now),
    requests_threshold = breaker.REQUESTS,
    sleep_seconds = breaker.SLEEP_SECONDS,
    window_seconds = window.SECONDS,
    error_percent = settings.error_percent,
    timeout_ms = settings.timeout_ms,
  }
end

return breaker
