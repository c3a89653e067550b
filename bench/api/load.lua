-- What wrk sends in one load, and its summary as a line of JSON.
-- In: after "--", the kind of load (get, create, patch), the path, the bearer token, and what
-- keeps the names of this load apart from others.

local kind, path, prefix
local count = 0
local headers = { ["Content-Type"] = "application/json" }
local CREATED = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s-%d"},"data":{"a":"1","b":"2"}}'
local PATCHED = '{"data":{"count":"%d"}}'
local OBJECTS = 16

function init(args)
  kind, path, prefix = args[1], args[2], args[4]
  headers["Authorization"] = "Bearer " .. args[3]
  if kind == "patch" then headers["Content-Type"] = "application/merge-patch+json" end
end

function request()
  count = count + 1
  if kind == "create" then
    return wrk.format("POST", path, headers, CREATED:format(prefix, count))
  elseif kind == "patch" then
    local object = path .. "/patched-" .. (count % OBJECTS)
    return wrk.format("PATCH", object, headers, PATCHED:format(count))
  end
  return wrk.format("GET", path, headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"refused":%d,"broken":%d,"p50us":%d,"p99us":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
