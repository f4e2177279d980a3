-- Sends the headers of a file in turn, and prints what was counted as one line of JSON.
local requests = {}
local next_one = 0

function init(args)
  for line in io.lines(args[1]) do
    local name, value = line:match("^([^:]+): (.*)$")
    requests[#requests + 1] = wrk.format("GET", nil, { [name] = value })
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format(
    '\n{"requests":%d,"seconds":%.6f,"failures":%d,"p50":%.3f,"p99":%.3f}',
    summary.requests - errors.status,
    summary.duration / 1e6,
    failures,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
