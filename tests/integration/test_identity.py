"""Identities in the real collector: enrolment, tokens, secrets, sessions, the audit log, and the
commands of the terminal, also while the collector runs."""

import contextlib
import datetime
import json
import re
import stat
import socket
import subprocess
import threading
import time

import pytest
from running import JSON, PATIENCE, PROGRAM, Collector, ask, bearer, minimal
from waiting import until

KEY, OTHER_KEY = "a1" * 32, "b2" * 32


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


def call(collector, route, body=None, token=None, source="127.0.0.1", **fields):
    """(status, answer as JSON or None, header fields); as the admin unless a token says who."""
    method, path = route.split(" ")
    headers = JSON | bearer(collector.token if token is None else token) | fields
    with contextlib.closing(collector._connect_from(source)) as connection:
        status, answer, text = ask(connection, path, method, body and json.dumps(body), headers)
    return status, json.loads(text) if text else None, answer


def enrol(collector, host="EXCH1", key=KEY, secret=None, source="127.0.0.1"):
    body = {"secret": secret or collector.secret, "host": host, "key": key}
    status, answer, _ = call(collector, "POST /v1/enroll", body, "", source)
    return status, answer.get("id") or answer["code"]


def report(collector, token, agent, host="EXCH1", sequence=1):
    body = minimal(host, sequence)
    body["agent"]["id"] = agent
    status, answer, _ = call(collector, "POST /v1/reports", body, token)
    return status, answer.get("code")


def make(collector, kind, name, **more):
    """(status, the token or secret, or the problem's code)"""
    status, answer, _ = call(collector, f"POST /v1/{kind}s", {"name": name, **more})
    return status, answer.get(kind) or answer["code"]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)


def terminal(tmp_path, *arguments):
    """What a command prints; it must succeed."""
    ended = run(*arguments, "--data", tmp_path / "data")
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return ended.stdout.strip()


def lines(collector):
    return call(collector, "GET /v1/audit?limit=1000")[1]["lines"]


def actions(collector):
    return [(line["action"], line["object"]) for line in reversed(lines(collector))]


# Agents

def test_an_agent_enrols_and_reports_as_itself_only(collector):
    status, agent = enrol(collector)
    assert status == 200 and re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", agent)
    token = f"{agent}.{KEY}"
    assert report(collector, token, agent) == (200, None)
    assert report(collector, token, agent, "exch1.acme.example", 2) == (200, None)
    assert report(collector, token, agent, "EXCH2") == (403, "wrong_agent")
    assert report(collector, token, "another-id") == (403, "wrong_agent")
    assert report(collector, f"{agent}.{OTHER_KEY}", agent) == (401, "unknown_agent")
    assert report(collector, f"00000000-0000-4000-8000-000000000000.{KEY}", agent) == (401, "unknown_agent")
    assert len(collector.get("/v1/servers")["servers"]) == 1


def test_asked_again_with_the_same_key_the_answer_is_the_same(collector):
    first = enrol(collector)
    assert first == enrol(collector, "exch1.acme.example") == enrol(collector, "Exch1")
    assert actions(collector).count(("agent.enroll", "exch1")) == 1


def test_a_taken_name_is_refused_until_it_is_released(collector):
    _, agent = enrol(collector)
    assert enrol(collector, key=OTHER_KEY) == (409, "host_enrolled")
    assert call(collector, f"DELETE /v1/agents/{agent}")[0] == 204
    assert report(collector, f"{agent}.{KEY}", agent) == (401, "unknown_agent")
    status, successor = enrol(collector, key=OTHER_KEY)
    assert status == 200 and successor != agent
    assert report(collector, f"{successor}.{OTHER_KEY}", successor) == (200, None)
    assert call(collector, f"DELETE /v1/agents/{agent}")[:2][1]["code"] == "unknown_agent"


def test_an_agent_releases_itself_and_nobody_else(collector):
    _, first = enrol(collector)
    _, second = enrol(collector, "EXCH2", OTHER_KEY)
    status, problem, _ = call(collector, f"DELETE /v1/agents/{second}", token=f"{first}.{KEY}")
    assert (status, problem["code"]) == (403, "wrong_agent")
    assert call(collector, f"DELETE /v1/agents/{first}", token=f"{first}.{KEY}")[0] == 204
    assert call(collector, f"DELETE /v1/agents/{first}", token=f"{first}.{KEY}")[0] == 401
    assert [agent["host"] for agent in call(collector, "GET /v1/agents")[1]["agents"]] == ["exch2"]


def test_an_agent_stays_enrolled_over_a_restart(tmp_path):
    with Collector(tmp_path / "data") as running:
        _, agent = enrol(running)
    with Collector(tmp_path / "data") as running:
        assert report(running, f"{agent}.{KEY}", agent) == (200, None)


@pytest.mark.parametrize("change, status, code", [
    ({"secret": "mtw_e" + "0" * 64}, 403, "unknown_secret"),
    ({"secret": ""}, 422, "invalid_member"),
    ({"secret": "x" * 1025}, 422, "invalid_member"),
    ({"secret": None}, 422, "invalid_member"),
    ({"host": ""}, 422, "invalid_member"),
    ({"host": ".example"}, 422, "invalid_member"),
    ({"host": "h" * 63}, 200, None),
    ({"host": "h" * 64}, 422, "invalid_member"),
    ({"host": "h" * 63 + ".acme.example"}, 200, None),
    ({"host": "a\nb"}, 422, "invalid_member"),
    ({"host": 7}, 422, "invalid_member"),
    ({"key": "a" * 63}, 422, "invalid_member"),
    ({"key": "a" * 65}, 422, "invalid_member"),
    ({"key": "A" * 64}, 422, "invalid_member"),
    ({"more": "is ignored"}, 200, None)])
def test_every_member_of_an_enrolment_is_checked(collector, change, status, code):
    body = {"secret": collector.secret, "host": "EXCH1", "key": KEY, **change}
    got, answer, _ = call(collector, "POST /v1/enroll", body, "")
    assert (got, answer.get("code")) == (status, code), answer
    if code == "invalid_member":
        assert answer["errors"][0]["pointer"] == "/" + next(iter(change))


def test_an_enrolment_that_is_none_is_refused(collector):
    for body, status in ((b"", 400), (b"{", 400), (b"[]", 422), (b"x" * 4097, 413)):
        got, _, text = collector.ask("/v1/enroll", "POST", body, JSON | {"Authorization": ""})
        assert got == status, text
    assert collector.ask("/v1/enroll", "POST", b"{}", {"Authorization": ""})[0] == 415


def test_of_two_agents_that_want_one_name_at_once_one_gets_it(collector):
    answers = []
    agents = [threading.Thread(target=lambda key=key: answers.append(enrol(collector, "EXCH1", key)))
              for key in [f"{n:064x}" for n in range(8)] for _ in range(2)]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    taken = [agent for status, agent in answers if status == 200]
    assert len(taken) in (1, 2) and len(set(taken)) == 1
    assert sorted(status for status, _ in answers) == [200] * len(taken) + [409] * (16 - len(taken))
    assert len(call(collector, "GET /v1/agents")[1]["agents"]) == 1


def test_a_flood_of_enrolments_is_told_to_wait_and_hurts_no_other_address(collector):
    body = {"secret": collector.secret, "key": KEY}
    answers = [call(collector, "POST /v1/enroll", body | {"host": f"H{n}"}, "") for n in range(100)]
    refused = [(problem["code"], headers) for status, problem, headers in answers if status != 200]
    assert 0 < len(refused) <= 40
    for code, headers in refused:
        assert code == "too_many_enrolments" and 1 <= int(headers["Retry-After"]) <= 60
    assert enrol(collector, "ELSEWHERE", source="127.0.0.9")[0] == 200
    until(lambda: enrol(collector, "LATER")[0] == 200)


def test_the_agents_are_listed_in_pages(collector):
    for n in range(5):
        assert enrol(collector, f"EXCH{n}", f"{n:064x}")[0] == 200
    seen, path = [], "/v1/agents?limit=2"
    while path:
        _, page, headers = call(collector, f"GET {path}")
        assert page["enrolled"] == 5 and len(page["agents"]) <= 2
        assert set(page["agents"][0]) == {"id", "host", "enrolled_at", "secret", "version", "platform", "reported_at", "silent",
                                          "outdated", "not_monitored"}
        seen += [agent["host"] for agent in page["agents"]]
        path = headers["Link"] and re.fullmatch(r'<(.+)>; rel="next"', headers["Link"]).group(1)
    assert seen == [f"exch{n}" for n in range(5)]
    for query in ("?limit=0", "?limit=1001", "?limit=x", "?colour=red", "?limit=%zz"):
        assert call(collector, "GET /v1/agents" + query)[1]["code"] == "invalid_query"


# Secrets and tokens

def test_a_secret_is_made_used_and_revoked_at_once(collector):
    status, secret = make(collector, "secret", "branch")
    assert status == 201 and re.fullmatch(r"mtw_e[0-9a-f]{64}", secret)
    _, agent = enrol(collector, secret=secret)
    assert [s["name"] for s in call(collector, "GET /v1/secrets")[1]["secrets"]] == ["branch", "first"]
    assert call(collector, "GET /v1/agents")[1]["agents"][0]["secret"] == "branch"
    assert call(collector, "DELETE /v1/secrets/branch")[0] == 204
    assert enrol(collector, "EXCH2", OTHER_KEY, secret) == (403, "unknown_secret")
    assert report(collector, f"{agent}.{KEY}", agent) == (200, None)  # who is enrolled stays so
    assert call(collector, "DELETE /v1/secrets/branch")[0] == 404


def test_a_token_is_made_used_and_revoked_at_once_and_its_sessions_with_it(collector):
    status, token = make(collector, "token", "ops", role="operator")
    assert status == 201 and re.fullmatch(r"mtw_o[0-9a-f]{64}", token)
    cookie = log_in(collector, token)
    assert call(collector, "GET /v1/audit", token=token)[0] == 200
    assert collector.ask("/v1/audit", headers=cookie)[0] == 200
    assert call(collector, "DELETE /v1/tokens/ops")[0] == 204
    assert call(collector, "GET /v1/audit", token=token)[0] == 401
    assert collector.ask("/v1/audit", headers=cookie)[0] == 401
    assert make(collector, "token", "ops", role="operator")[0] == 201
    assert collector.ask("/v1/audit", headers=cookie)[0] == 401  # another token of that name is another


@pytest.mark.parametrize("kind", ["token", "secret"])
def test_a_name_is_had_once_and_has_limits(collector, kind):
    more = {"role": "viewer"} if kind == "token" else {}
    assert make(collector, kind, "a" * 63, **more)[0] == 201
    assert make(collector, kind, "a" * 63, **more) == (409, "name_taken")
    for name in ("", "a" * 64, "a b", "ä", "a/b", ".", "..", None, 7):
        assert make(collector, kind, name, **more) == (422, "invalid_member")


def test_there_are_as_many_secrets_as_there_may_be(collector):
    for n in range(63):
        assert make(collector, "secret", f"s{n}")[0] == 201
    assert make(collector, "secret", "one-more") == (409, "too_many_secrets")


def test_a_role_has_to_be_one(collector):
    for role in ("agent", "nobody", "root", "", None):
        assert make(collector, "token", "x", role=role) == (422, "invalid_member")


def soon(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_what_expires_is_refused_from_then_on(collector):
    status, token = make(collector, "token", "brief", role="viewer", expires_at=soon(3))
    assert status == 201
    _, secret = make(collector, "secret", "brief", expires_at=soon(3))
    cookie = log_in(collector, token)
    assert collector.ask("/v1/servers", headers=cookie)[0] == 200  # a session ends with its token
    until(lambda: call(collector, "GET /v1/servers", token=token)[0] == 401)
    assert collector.ask("/v1/servers", headers=cookie)[0] == 401
    until(lambda: enrol(collector, "LATE", secret=secret) == (403, "unknown_secret"))
    assert make(collector, "token", "past", role="viewer", expires_at=soon(-1)) == (422, "invalid_member")


# Sessions

def log_in(collector, token):
    status, answer, headers = call(collector, "POST /v1/session", {"token": token}, "")
    assert status == 200, answer
    return {"Cookie": headers["Set-Cookie"].split(";")[0]}


def test_the_cookie_of_a_session_is_kept_from_scripts_and_other_sites(collector):
    status, answer, headers = call(collector, "POST /v1/session", {"token": collector.token}, "")
    assert (status, answer["name"], answer["role"]) == (200, "admin", "admin")
    name, *attributes = headers["Set-Cookie"].split("; ")
    assert re.fullmatch(r"mtawatch_session=[0-9a-f]{64}", name)
    assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(attributes)
    assert "Max-Age=43199" in attributes or "Max-Age=43200" in attributes
    assert collector.token not in headers["Set-Cookie"]


def test_a_session_survives_a_restart_and_ends_with_the_logout(tmp_path):
    with Collector(tmp_path / "data") as running:
        cookie = log_in(running, running.token)
    with Collector(tmp_path / "data") as running:
        assert running.ask("/v1/session", headers=cookie)[0] == 200
        out = cookie | {"Sec-Fetch-Site": "same-origin"}
        status, headers, _ = running.ask("/v1/session", "DELETE", headers=out)
        assert status == 204 and "Max-Age=0" in headers["Set-Cookie"]
        assert running.ask("/v1/session", headers=cookie)[0] == 401


def test_only_the_newest_sessions_of_a_token_last(collector):
    sessions = [log_in(collector, collector.token) for _ in range(18)]
    alive = [collector.ask("/v1/session", headers=cookie)[0] for cookie in sessions]
    assert alive.count(200) == 16 and alive[-1] == 200 and alive[0] == 401


def test_a_flood_of_logins_is_told_to_wait(collector):
    answers = [call(collector, "POST /v1/session", {"token": "mtw_a"}, "") for _ in range(40)]
    assert [status for status, *_ in answers[:30]] == [403] * 30
    status, problem, headers = answers[-1]
    assert (status, problem["code"]) == (429, "too_many_logins") and int(headers["Retry-After"]) >= 1
    assert call(collector, "GET /v1/servers")[0] == 200


# What is kept

def test_no_secret_is_in_any_file_of_the_store(tmp_path):
    with Collector(tmp_path / "data") as running:
        _, agent = enrol(running)
        assert report(running, f"{agent}.{KEY}", agent) == (200, None)
        texts = [running.token, running.secret, KEY, make(running, "token", "t", role="viewer")[1],
                 make(running, "secret", "s")[1], log_in(running, running.token)["Cookie"].split("=")[1]]
        kept = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("mtawatch.db*"))
        for text in texts:
            assert text.encode() not in kept and bytes.fromhex(text[-64:]) not in kept
        assert agent.encode() in kept  # the search would find what is there
        assert running.secret.encode() not in (tmp_path / "data.admin-token").read_bytes()


def test_every_change_has_its_line_in_the_audit_log(collector):
    _, agent = enrol(collector)
    make(collector, "token", "ops", role="operator")
    make(collector, "secret", "branch")
    cookie = log_in(collector, collector.token)
    collector.ask("/v1/session", "DELETE", headers=cookie | {"Sec-Fetch-Site": "same-origin"})
    call(collector, "DELETE /v1/secrets/branch")
    call(collector, "DELETE /v1/tokens/ops")
    call(collector, f"DELETE /v1/agents/{agent}")
    before = actions(collector)
    enrol(collector, secret="mtw_e" + "0" * 64)                           # refused, so nothing changed
    make(collector, "token", "admin", role="viewer")
    assert actions(collector) == before
    session = before[5][1]
    assert before == [("secret.add", "first"), ("token.add", "admin"), ("agent.enroll", "exch1"),
                      ("token.add", "ops"), ("secret.add", "branch"), ("session.begin", session),
                      ("session.end", session), ("secret.revoke", "branch"), ("token.revoke", "ops"),
                      ("agent.release", "exch1")]
    released, *_, enrolled, admin, secret = lines(collector)
    assert (released["who"], released["from"], released["object_id"]) == ("token admin", "127.0.0.1", agent)
    assert (enrolled["who"], enrolled["from"]) == ("secret first", "127.0.0.1")
    assert secret["who"].startswith("terminal (") and secret["from"] == "terminal"
    assert abs(datetime.datetime.fromisoformat(released["at"].replace("Z", "+00:00")).timestamp() -
               time.time()) < PATIENCE
    assert [line["id"] for line in lines(collector)] == list(range(10, 0, -1))


def test_the_audit_log_is_read_in_pages_newest_first(collector):
    for n in range(5):
        make(collector, "secret", f"s{n}")
    seen, path = [], "/v1/audit?limit=3"
    while path:
        _, page, headers = call(collector, f"GET {path}")
        seen += [line["object"] for line in page["lines"]]
        path = headers["Link"] and re.fullmatch(r'<(.+)>; rel="next"', headers["Link"]).group(1)
    assert seen == ["s4", "s3", "s2", "s1", "s0", "admin", "first"]


# The terminal

def test_a_running_collector_learns_of_what_the_terminal_did(collector, tmp_path):
    token = terminal(tmp_path, "token", "add", "ops", "--role", "operator")
    began = time.monotonic()
    until(lambda: call(collector, "GET /v1/audit", token=token)[0] == 200)
    assert time.monotonic() - began < 10  # it looks every second; the rest is for a busy machine
    assert "ops " in terminal(tmp_path, "token", "list")
    terminal(tmp_path, "token", "revoke", "ops")
    until(lambda: call(collector, "GET /v1/audit", token=token)[0] == 401)

    secret = terminal(tmp_path, "secret", "add", "branch", "--days", "1")
    until(lambda: enrol(collector, secret=secret)[0] == 200)
    assert "exch1 " in terminal(tmp_path, "agents", "list")
    agent = enrol(collector, secret=secret)[1]
    terminal(tmp_path, "agents", "release", "EXCH1.acme.example")
    until(lambda: report(collector, f"{agent}.{KEY}", agent) == (401, "unknown_agent"))
    terminal(tmp_path, "secret", "revoke", "branch")
    until(lambda: enrol(collector, key=OTHER_KEY, secret=secret) == (403, "unknown_secret"))


def test_the_terminal_and_agents_write_at_the_same_time(collector, tmp_path):
    """Neither loses a change, and none of them fails, while reports and commands are committed."""
    stop = threading.Event()
    answers = []

    def go_on():
        sequence = 0
        while not stop.is_set():
            sequence += 1
            answers.append(collector.post(minimal("BUSY", sequence))[0])

    busy = threading.Thread(target=go_on)
    busy.start()
    for n in range(8):
        terminal(tmp_path, "token", "add", f"t{n}", "--role", "viewer")
    stop.set()
    busy.join()
    assert answers and set(answers) == {200}
    until(lambda: len(call(collector, "GET /v1/tokens")[1]["tokens"]) == 9)


def test_a_token_can_be_written_to_a_file_for_its_owner_only(collector, tmp_path):
    file = tmp_path / "ops.token"
    assert terminal(tmp_path, "token", "add", "ops", "--role", "viewer", "--file", file) == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    until(lambda: call(collector, "GET /v1/servers", token=file.read_text().strip())[0] == 200)
    refused = run("token", "add", "more", "--role", "viewer", "--file", file, "--data", tmp_path / "data")
    assert refused.returncode == 1 and f"could not make the file {file}: File exists" in refused.stderr
    assert "more" not in terminal(tmp_path, "token", "list")


@pytest.mark.parametrize("arguments, status, words", [
    (["token"], 2, 'expected "token add NAME"'),
    (["token", "add"], 2, 'expected "token add NAME"'),
    (["token", "add", "a b", "--role", "viewer"], 2, '"a b" is no name'),
    (["token", "add", "..", "--role", "viewer"], 2, '".." is no name'),
    (["secret", "add", "."], 2, '"." is no name'),
    (["token", "add", "x"], 2, "a token needs a role: --role viewer, operator or admin"),
    (["token", "add", "x", "--role", "root"], 2, "a token needs a role"),
    (["token", "add", "x", "--role", "viewer", "--days", "0"], 2, "--days"),
    (["token", "add", "admin", "--role", "viewer"], 1, "there is a token 'admin' already"),
    (["token", "revoke", "x"], 1, "there is no token 'x'"),
    (["token", "list", "--colour"], 2, 'there is no option "--colour"'),
    (["secret", "add", "x", "--role", "viewer"], 2, 'there is no option "--role"'),
    (["secret", "revoke", "x"], 1, "there is no enrolment secret 'x'"),
    (["agents", "release", "x"], 1, "no agent is enrolled under the name 'x'"),
    (["agents", "drop", "x"], 2, 'expected "agents list"'),
    (["init", "now"], 2, '"now" is no option'),
    (["init"], 2, f"as it calls itself: --host {socket.gethostname()}")])
def test_a_command_says_what_is_wrong(collector, tmp_path, arguments, status, words):
    ended = run(*arguments, "--data", tmp_path / "data")
    assert (ended.returncode, ended.stdout) == (status, "")
    assert words in ended.stderr and ended.stderr.count("\n") == 1


def test_without_a_store_a_command_says_how_to_begin(tmp_path):
    ended = run("token", "list", "--data", tmp_path / "data")
    assert ended.returncode == 1 and f"mtawatch-collector init --data {tmp_path}/data" in ended.stderr
    assert not (tmp_path / "data").exists()


# init

def test_init_makes_everything_says_what_agents_need_and_changes_nothing_twice(tmp_path):
    data = tmp_path / "data"
    first = run("init", "--data", data, "--host", "collector.example", "--host", "127.0.0.1")
    assert (first.returncode, first.stderr) == (0, "")
    token = re.search(r"^  (mtw_a[0-9a-f]{64})$", first.stdout, re.M).group(1)
    assert "--collector https://collector.example:8285" in first.stdout
    assert re.search(r"--pin sha256//[A-Za-z0-9+/]{43}=$", first.stdout, re.M)
    for name in ("ca.key", "server.key", "enroll-secret", "agent-secret", "mtawatch.db"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
    kept = {file.name: file.read_bytes() for file in data.iterdir() if file.suffix != ".lock"}
    assert set(kept) >= {"ca.crt", "ca.key", "server.crt", "server.key", "enroll-secret", "agent-secret",
                         "mtawatch.db"}
    assert kept["agent-secret"] == kept["enroll-secret"]
    assert f"{data}/agent-secret, which is a secret" in first.stdout
    (data / "agent-secret").unlink()  # an agent on this machine, or who carried it away
    again = run("init", "--data", data, "--host", "collector.example")
    assert (again.returncode, again.stderr) == (0, "") and "mtw_" not in again.stdout
    other = run("init", "--data", data, "--host", "collector.example", "--host", "other.example")
    assert other.returncode == 1 and "server.crt, which was there already, is not for 'other.example'" in other.stderr
    assert {name: (data / name).read_bytes() for name in kept} == kept
    command = re.search(r"^  mtawatch-collector (serve .*)$", first.stdout, re.M).group(1).split()
    process = subprocess.Popen([PROGRAM, *command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r"https://\S+", process.stdout.readline()).group()
        asked = subprocess.run(["curl", "--silent", "--show-error", "--cacert", data / "ca.crt", "--noproxy", "*",
                                "--header", f"Authorization: Bearer {token}", f"{url}/v1/session"],
                               capture_output=True, text=True, timeout=PATIENCE)
        assert json.loads(asked.stdout)["role"] == "admin", asked
        (tmp_path / "token").write_text(token)
        shown = run("servers", "--url", url.replace("127.0.0.1", "localhost"), "--ca-file", data / "ca.crt",
                    "--token-file", tmp_path / "token")
        assert shown.returncode == 0, shown
        logged = subprocess.run(["curl", "--silent", "--cacert", data / "ca.crt", "--noproxy", "*", "--include",
                                 "--json", json.dumps({"token": token}), f"{url}/v1/session"],
                                capture_output=True, text=True, timeout=PATIENCE)
        assert "; Secure" in re.search("Set-Cookie: .*", logged.stdout).group()  # with TLS around it
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        process.stdout.close()


def test_a_certificate_that_is_made_anew_for_other_names_keeps_its_pin(tmp_path):
    data = tmp_path / "data"
    pins = []
    for hosts in (["a.example"], ["a.example", "b.example"]):
        (data / "server.crt").unlink(missing_ok=True)
        made = run("init", "--data", data, *(word for host in hosts for word in ("--host", host)))
        assert made.returncode == 0, made
        pins.append(re.search(r"--pin (\S+)$", made.stdout, re.M).group(1))
        names = subprocess.run(["openssl", "x509", "-in", data / "server.crt", "-noout", "-ext", "subjectAltName"],
                               capture_output=True, text=True, check=True).stdout
        told = set(re.findall(r"(?:DNS|IP Address):([^,\s]+)", names))
        assert told == {*hosts, "localhost", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1"}
    assert pins[0] == pins[1]


def test_init_without_certificates_leaves_them_to_the_administrator(tmp_path):
    ended = run("init", "--data", tmp_path / "data", "--no-certificate", "--token-file", tmp_path / "token")
    assert (ended.returncode, ended.stderr) == (0, "") and "mtw_" not in ended.stdout
    assert not (tmp_path / "data/ca.crt").exists()
    assert re.fullmatch(r"mtw_a[0-9a-f]{64}\n", (tmp_path / "token").read_text())


def test_when_all_was_revoked_nobody_is_served_until_init_makes_new_ones(tmp_path):
    run("init", "--data", tmp_path / "data", "--no-certificate")
    terminal(tmp_path, "token", "revoke", "admin")
    terminal(tmp_path, "secret", "revoke", "first")
    ended = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert ended.returncode == 1 and "is not set up yet; first run: mtawatch-collector init" in ended.stderr
    (tmp_path / "data/enroll-secret").unlink()
    assert "mtw_a" in run("init", "--data", tmp_path / "data", "--no-certificate").stdout
    assert (tmp_path / "data/agent-secret").read_bytes() == (tmp_path / "data/enroll-secret").read_bytes()
