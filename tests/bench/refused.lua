-- For wrk: 4 KB that are read and refused without being looked at, for the cost of the transport alone.
wrk.method = "POST"
wrk.path = "/v1/reports"
wrk.body = ("x"):rep(4096)

function done(summary, latency)
    local errors = summary.errors
    io.write(("RESULT %d %d %d %d %d %d %d\n"):format(
        summary.requests, errors.read + errors.write + errors.timeout + errors.connect, summary.duration,
        latency:percentile(50), latency:percentile(99), latency.max, #wrk.body))
end
