-- What goes first when the machine has too much to do: progressive shedding by priority.
-- https://netflixtechblog.com/keeping-netflix-reliable-using-prioritized-load-shedding-6cc827b02f94
local shedding = {}

-- The highest priority number that is still served at a load of 0 to 1: 100 (1 - load^3).
-- At 35 % of the load 96, at 80 % 49, at 95 % 15: those of the page above, as near as one cubic comes.
function shedding.served(load)
  return math.ceil(100 * (1 - math.min(math.max(load, 0), 1) ^ 3))
end

-- 0 is the most important and never shed; 100 goes first.
function shedding.sheds(priority, load)
  return priority > shedding.served(load)
end

return shedding
