-- A shared dictionary of nginx as a table, whose clock the test moves.
local memory = { now = 0 }

function memory.new()
  local entries = {}
  local dictionary = {}

  local function live(key)
    local entry = entries[key]
    return entry and (not entry.ends or memory.now < entry.ends) and entry or nil
  end

  local function ends(seconds)
    return seconds and seconds > 0 and memory.now + seconds or nil
  end

  function dictionary.get(_, key)
    return live(key) and live(key).value
  end

  function dictionary.set(_, key, value, seconds)
    entries[key] = { value = value, ends = ends(seconds) }
    return true
  end

  function dictionary.add(_, key, value, seconds)
    if live(key) then
      return false, "exists"
    end
    return dictionary:set(key, value, seconds)
  end

  function dictionary.delete(_, key)
    entries[key] = nil
  end

  function dictionary.incr(_, key, amount, first, seconds)
    if not live(key) then
      entries[key] = { value = first, ends = ends(seconds) }
    end
    entries[key].value = entries[key].value + amount
    return entries[key].value
  end

  return dictionary
end

return memory
