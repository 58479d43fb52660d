-- As much of Kong's plugin development kit as our plugins use, over nginx itself:
-- https://developer.konghq.com/gateway/pdk/reference/
local cjson = require "cjson.safe"
local balancer = require "ngx.balancer"

local pdk = { plugins = {} }
local ours = { "load-shedding", "circuit-breaker", "token-scope" }

function pdk.start(services)
  pdk.services = services
  local running
  kong = {
    ctx = setmetatable({}, { __index = function()
      ngx.ctx.plugins = ngx.ctx.plugins or {}
      ngx.ctx.plugins[running] = ngx.ctx.plugins[running] or {}
      return ngx.ctx.plugins[running]
    end }),
    log = { warn = function(...) ngx.log(ngx.WARN, ...) end },
    nginx = { get_statistics = function() return { connections_writing = tonumber(ngx.var.connections_writing) } end },
    node = { get_hostname = function() return "machine-1" end },
    request = { get_method = ngx.req.get_method },
    service = { set_retries = function(retries) ngx.ctx.retries = retries end },
    response = {
      get_status = function() return ngx.status end,
      set_status = function(status) ngx.status = status end,
      set_header = function(name, value) ngx.header[name] = value end,
      clear_header = function(name) ngx.header[name] = nil end,
      exit = function(status, body, headers)
        ngx.status = status
        for name, value in pairs(headers or {}) do
          ngx.header[name] = value
        end
        ngx.print(type(body) == "table" and cjson.encode(body) or body)
        return ngx.exit(status)
      end,
    },
  }
  for _, name in ipairs(ours) do
    pdk.plugins[name] = require("kong.plugins." .. name .. ".handler")
  end
  table.sort(ours, function(a, b) return pdk.plugins[a].PRIORITY > pdk.plugins[b].PRIORITY end)

  function pdk.run(phase)
    local service = pdk.services[ngx.var.uri:match("^/([^/]+)")]
    for _, name in ipairs(ours) do
      running = name
      if pdk.plugins[name][phase] and service and service[name] then
        pdk.plugins[name][phase](pdk.plugins[name], service[name])
      end
    end
  end
end

function pdk.begin()
  local configs = {}
  for _, service in pairs(pdk.services) do
    configs[#configs + 1] = service["circuit-breaker"]
  end
  pdk.plugins["circuit-breaker"]:configure(configs)
  pdk.plugins["circuit-breaker"]:init_worker()
end

-- The first try goes to a port where nothing listens wherever the path asks for it.
function pdk.balance(port, dead)
  local again = balancer.get_last_failure()
  if not again then
    balancer.set_more_tries(ngx.ctx.retries or 1)
  end
  balancer.set_current_peer("127.0.0.1", (not again and ngx.var.uri:find("unreachable")) and dead or port)
end

return pdk
