-- For wrk: reports of about 4 KB, each a new one. Arguments after "--":
--
--   report.lua FLEET RUN [KIND [RATE CONNECTIONS [SENT]]]
--
-- FLEET names a file with a line a server: name, agent id, key, site, place in the site, size of the
-- site; those of one site follow one another. RUN is a number that no run against the same collector
-- had. With a RATE (requests a second; 0: none) each of the CONNECTIONS pauses at random between requests.
-- SENT goes on with a run of which so many reports may have been sent.
--
-- A server has two adapters and probes up to 16 servers of its site from both. One in ten is exposed:
-- its second adapter reaches nobody. KIND says what changes from one report to the next:
--
--   life     (default) sequence, times, durations and milliseconds; every 1,000th time that somebody
--            reports, whether the second adapter reaches anybody
--   changes  all of that and the second adapter each time, so that every report changes the verdict
--   metrics  as life, in Prometheus's text format for a pushgateway
local PEERS, INTERVAL_S, MANY = 16, 300, 4096
local HEAD = '{"schema":"mtawatch.report/1","agent":{"id":"%s","epoch":"%d","version":"1.0.0",'
    .. '"platform":"windows-x86"},"sequence":'
local HOST = ',"host":{"name":"%s","os":"Windows NT 4.0 Service Pack 6",'
    .. '"booted_at":"2026-11-20T04:00:11Z"},"exchange":{"installed":true,"version":"5.5",'
    .. '"service_pack":4,"build":"5.5.2653.23","organization":"CROWD","site":"%s","server":"%s",'
    .. '"directory":"C:\\\\exchsrvr","clustered":false},"adapters":'
    .. '[{"id":"A","enabled":true,"link":"up","addresses":["10.0.0.%d/16"]},'
    .. '{"id":"B","enabled":true,"link":"up","addresses":["10.1.0.%d/16"]}],"probes":['
local ROW = '{"adapter":"%s","peer":"%s","from":"10.%d.0.%d","to":"10.0.0.%d","via":"%s",'
local REACHED = '"grade":"mta","for_s":%d,"ms":%d,"attempts":1}'
local SILENT = '"grade":"none","for_s":%d,"error":"timeout","ms":10000,"attempts":3}'
local TAIL = '],"self_probes":[{"adapter":"A","to":"10.0.0.%d","grade":"mta","for_s":86100,"ms":1}],'
    .. '"mta":{"service":"running","start_type":"auto","exit_code":0,"last_start":{'
    .. '"at":"2026-11-20T04:02:40Z","outcome":"started","events":[{"id":9298,'
    .. '"at":"2026-11-20T04:02:40Z"}]}},"files":[%s]}'
local FILE = '{"name":"%s","state":"versioned","version":"5.5.2653.23","size":%d}'
local FILES = {"Emsmta.exe", "X400om.dll", "Dbserver.dll", "Ems_rid.dll", "Info4log.dll", "Mtacheck.exe"}
local STATE = 'mtawatch_probe_%s{adapter="%s",peer="%s",from="10.%d.0.%d",to="10.0.0.%d",via="%s"} %d\n'

local METRICS = [[
# TYPE mtawatch_report gauge
mtawatch_report{id="%s",epoch="%d",version="1.0.0",platform="windows-x86",os="Windows NT 4.0 Service Pack 6",exchange="5.5",service_pack="4",build="5.5.2653.23",organization="CROWD",site="%s",server="%s",directory="C:\\exchsrvr",clustered="no"} %d
# TYPE mtawatch_interval_seconds gauge
mtawatch_interval_seconds %d
# TYPE mtawatch_duration_ms gauge
mtawatch_duration_ms %d
# TYPE mtawatch_booted_seconds gauge
mtawatch_booted_seconds 1763611211
# TYPE mtawatch_adapter gauge
mtawatch_adapter{id="A",link="up",address="10.0.0.%d/16"} 1
mtawatch_adapter{id="B",link="up",address="10.1.0.%d/16"} 1
# TYPE mtawatch_self_probe_grade gauge
mtawatch_self_probe_grade{adapter="A",to="10.0.0.%d"} 4
# TYPE mtawatch_self_probe_ms gauge
mtawatch_self_probe_ms{adapter="A"} 1
# TYPE mtawatch_self_probe_for_s gauge
mtawatch_self_probe_for_s{adapter="A"} 86100
# TYPE mtawatch_mta_exit_code gauge
mtawatch_mta_exit_code{service="running",start_type="auto"} 0
# TYPE mtawatch_mta_last_start_seconds gauge
mtawatch_mta_last_start_seconds{outcome="started",event="9298"} 1763611360
]]

local agents, epoch, kind, pause_ms, reports = {}, 0, "life", 0, {}
sent, count, bytes = 0, 0, 0 -- global, so that done() can get at them
local files = {}
for i, name in ipairs(FILES) do files[i] = FILE:format(name, 4711 * i) end

local function read_fleet(path)
    for line in io.lines(path) do
        local name, id, key, site, place, size = line:match("(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)")
        agents[#agents + 1] = {name = name, id = id, key = key, site = site, place = tonumber(place),
                               size = tonumber(size), reaches = tonumber(place) % 10 ~= 0}
    end
end

-- The peers of a server, each with its address's last number.
local function peers_of(index)
    local agent, peers = agents[index], {}
    local first = index - agent.place
    for i = 1, math.min(PEERS, agent.size - 1) do
        local place = (agent.place + i) % agent.size
        peers[i] = {name = agents[first + place].name, address = place + 1}
    end
    return peers
end

-- A report in pieces; those that change are filled in by body_of().
local function prepare(index)
    local agent, own = agents[index], agents[index].place + 1
    local parts = {HEAD:format(agent.id, epoch), "",
                   HOST:format(agent.name, agent.site, agent.name, own, own)}
    for at, adapter in ipairs({"A", "B"}) do
        for _, peer in ipairs(peers_of(index)) do
            parts[#parts + 1] = (#parts > 3 and "," or "")
                .. ROW:format(adapter, peer.name, at - 1, own, peer.address, adapter)
            parts[#parts + 1] = ""
        end
    end
    parts[#parts + 1] = TAIL:format(own, table.concat(files, ","))
    return parts
end

local function body_of(index, parts)
    local agent, round, last = agents[index], math.floor(count / #agents), #parts - 1
    local minutes, first_of_b = round * INTERVAL_S / 60, 4 + (last - 3) / 2
    parts[2] = ('%d,"collected_at":"2026-11-%02dT%02d:%02d:23Z","interval_s":%d,"duration_ms":%d'):format(
        count, 22 + math.floor(minutes / 1440) % 7, math.floor(minutes / 60) % 24, minutes % 60,
        INTERVAL_S, 3000 + count % 97)
    for i = 5, last, 2 do
        local for_s = i * 977 + round * INTERVAL_S
        if i < first_of_b or agent.reaches then
            parts[i] = REACHED:format(for_s, (count + i) % 5 + 1)
        else
            parts[i] = SILENT:format(for_s)
        end
    end
    return table.concat(parts)
end

-- What a report says, all of it, as metrics with labels.
local function metrics_of(index)
    local agent, lines, own = agents[index], {}, agents[index].place + 1
    local round = math.floor(count / #agents)
    for _, what in ipairs({"grade", "ms", "for_s", "attempts"}) do
        lines[#lines + 1] = "# TYPE mtawatch_probe_" .. what .. " gauge\n"
        for at, adapter in ipairs({"A", "B"}) do
            for i, peer in ipairs(peers_of(index)) do
                local reached = at == 1 or agent.reaches
                local values = {grade = reached and 4 or 0, ms = reached and (count + i) % 5 + 1 or 10000,
                                for_s = i * 977 + at * 60 + round * INTERVAL_S, attempts = reached and 1 or 3}
                lines[#lines + 1] = STATE:format(what, adapter, peer.name, at - 1, own, peer.address,
                                                 adapter, values[what])
            end
        end
    end
    lines[#lines + 1] = "# TYPE mtawatch_file gauge\n"
    for i, name in ipairs(FILES) do
        lines[#lines + 1] = ('mtawatch_file{name="%s",state="versioned",version="5.5.2653.23"} %d\n'):format(
            name, 4711 * i)
    end
    lines[#lines + 1] = METRICS:format(agent.id, epoch, agent.site, agent.name, count, INTERVAL_S,
                                       3000 + count % 97, own, own, own)
    return table.concat(lines)
end

local function text_of(index, parts)
    local agent = agents[index]
    if kind == "changes" or count % 1000 == 0 then agent.reaches = not agent.reaches end
    local body = kind == "metrics" and metrics_of(index) or body_of(index, parts)
    bytes = bytes + #body
    local line = kind == "metrics" and "PUT /metrics/job/mtawatch/instance/" .. agent.name or "POST /v1/reports"
    return ("%s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer %s.%s\r\n"
        .. "Content-Length: %d\r\n\r\n"):format(line, agent.id, agent.key, #body) .. body
end

function init(arguments)
    read_fleet(arguments[1])
    epoch = tonumber(arguments[2])
    kind = arguments[3] or kind
    sent = tonumber(arguments[6] or 0)
    count = sent
    local rate = tonumber(arguments[4] or 0)
    if rate > 0 then
        pause_ms = 1000 * tonumber(arguments[5]) / rate
        math.randomseed(epoch)
    else
        delay = nil
    end
end

function delay()
    return math.random(0, math.floor(2 * pause_ms))
end

function request()
    local index = count % #agents + 1
    count = count + 1
    local parts = reports[index] or prepare(index)
    if #agents <= MANY then reports[index] = parts end
    return text_of(index, parts)
end

local threads = {}
function setup(thread)
    threads[1] = thread
end

function done(summary, latency)
    local errors = summary.errors
    io.write(("RESULT %d %d %d %d %d %d %d\n"):format(
        summary.requests, errors.status + errors.read + errors.write + errors.timeout + errors.connect,
        summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
        threads[1]:get("bytes") / (threads[1]:get("count") - threads[1]:get("sent"))))
end
