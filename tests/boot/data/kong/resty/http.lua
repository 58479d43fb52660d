-- As much of lua-resty-http, which Kong brings, as a report needs.
local http = {}

function http.new()
  return setmetatable({}, { __index = http })
end

function http:set_timeout(milliseconds)
  self.milliseconds = milliseconds
end

function http:request_uri(url, options)
  local host, port, path = url:match("^http://([^:/]+):(%d+)(/.*)$")
  local socket = ngx.socket.tcp()
  socket:settimeout(self.milliseconds)
  local connected, failed = socket:connect(host, tonumber(port))
  if not connected then
    return nil, failed
  end
  local lines = { options.method .. " " .. path .. " HTTP/1.0", "Content-Length: " .. #options.body }
  for name, value in pairs(options.headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  socket:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. options.body)
  local status = socket:receive("*l")
  socket:close()
  return { status = tonumber((status or ""):match(" (%d+)")) }
end

return http
