-- Counts of the last ten seconds, in memory that all workers of the machine share.
local window = { SECONDS = 10 }

-- Milliseconds up to which an answer belongs to a step of the histogram; slower ones belong to one step more.
window.STEPS = { 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10000 }

local function key(server, kind, second)
  return server .. "|" .. kind .. "|" .. second
end

function window.count(memory, server, kind, now, amount)
  memory:incr(key(server, kind, math.floor(now)), amount or 1, 0, window.SECONDS + 1)
end

-- What was counted since a breaker last closed, or in the whole window.
function window.sum(memory, server, kind, now)
  local last = math.floor(now)
  local total = 0
  for second = math.max(last - window.SECONDS + 1, memory:get(server .. "|since") or 0), last do
    total = total + (memory:get(key(server, kind, second)) or 0)
  end
  return total
end

function window.forget(memory, server, now)
  memory:set(server .. "|since", math.floor(now), window.SECONDS)
end

function window.time(memory, server, now, milliseconds)
  local step = 1
  while window.STEPS[step] and milliseconds > window.STEPS[step] do
    step = step + 1
  end
  window.count(memory, server, "step" .. step, now)
  window.count(memory, server, "milliseconds", now, milliseconds)
end

function window.histogram(memory, server, now)
  local counts = {}
  for step = 1, #window.STEPS + 1 do
    counts[step] = window.sum(memory, server, "step" .. step, now)
  end
  return counts
end

return window
