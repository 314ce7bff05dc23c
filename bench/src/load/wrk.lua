-- Sends the file that BODY names, and prints what load.ts reads.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open(os.getenv("BODY"), "rb")
wrk.body = file:read("*a")
file:close()

function done(summary, latency, requests)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"reviews":%d,"failures":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, failures, latency:percentile(50), latency:percentile(99)))
end
