-- For wrk: every request is a report of its own, of about 4 KB, from servers in sites of 4. Arguments:
-- a number that no run before had, and a Lua file that returns the agents: {name, id, authorization}.
local count = 0
local row = '{"adapter":"A","peer":"EXCH%02d","from":"10.0.0.1","to":"10.0.1.%d","via":"A",'
    .. '"grade":"mta","for_s":3600,"ms":3,"attempts":1}'
local rows, files = {}, {}
for i = 1, 24 do rows[i] = row:format(i, i) end
for i = 1, 12 do
    files[i] = ('{"name":"File%02d.dll","state":"versioned","version":"5.5.2653.%d"}'):format(i, i)
end
local head = '{"schema":"mtawatch.report/1","agent":{"id":"%s","epoch":"%d","version":"1.0.0",'
    .. '"platform":"linux"},"sequence":%d,"host":{"name":"%s","os":"Windows NT 4.0 Service Pack 6"}'
local tail = ',"collected_at":"2026-11-22T10:45:23Z","interval_s":300,'
    .. '"exchange":{"installed":true,"version":"5.5","service_pack":4,"build":"5.5.2653.23",'
    .. '"organization":"ACME","site":"S%d","clustered":false},'
    .. '"mta":{"service":"running","start_type":"auto"},"self_probes":[],'
    .. '"adapters":[{"id":"A","enabled":true,"link":"up","addresses":["10.0.0.1/24"]}],'
    .. '"probes":[' .. table.concat(rows, ",") .. '],"files":[' .. table.concat(files, ",") .. ']}'

function init(arguments)
    epoch = tonumber(arguments[1])
    agents = dofile(arguments[2])
    for i, agent in ipairs(agents) do
        agent.headers = {["Content-Type"] = "application/json", ["Authorization"] = agent[3]}
        agent.tail = tail:format(math.floor(i / 4))
    end
end

function request()
    count = count + 1
    local agent = agents[count % #agents + 1]
    local body = head:format(agent[2], epoch, count, agent[1]) .. agent.tail
    return wrk.format("POST", "/v1/reports", agent.headers, body)
end

function done(summary, latency)
    io.write(("RESULT %d %d %d %d %d\n"):format(
        summary.requests, summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect, summary.duration,
        latency:percentile(50), latency:percentile(99)))
end
