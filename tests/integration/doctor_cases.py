"""What `mtawatch-agent doctor` finds: the cases, for the Linux build (test_agent_doctor.py) and the
Windows build (test_windows_agent_doctor.py), which bring the fixture `doctor`. The collector is a
stand-in; everything stays on loopback.

`doctor(ARGUMENT...)` gives the exit status and the findings (--json).
"""

import contextlib
import socket
import subprocess
from email.utils import format_datetime
from datetime import datetime, timedelta, timezone

import pytest

from agent_rig import Roll, StandIn, StandingBy
from proxy import Proxy
from tls_cases import (authority, collector, pin_of, server, showing, stranger,  # noqa: F401
                       trusting)

STEPS = ["name", "route", "port", "proxy", "tls", "collector", "clock", "key"]


class Findings:
    def __init__(self, found):
        self.well = found["well"]
        self.steps = found["steps"]

    def __getitem__(self, name):
        """The step of that name of the first collector."""
        return next(step for step in self.steps if step["step"] == name)

    def results(self):
        return [step["result"] for step in self.steps if step["step"] in STEPS]


@pytest.fixture
def examine(doctor):
    def call(status, *arguments):
        got, found = doctor(*arguments)
        findings = Findings(found)
        assert (got, findings.well) == (status, status == 0), found
        return findings
    return call


def expect_blocked_at(findings, step):
    """It failed there, with something to do about it, and what follows was skipped because of it."""
    place = STEPS.index(step)
    assert findings[step]["result"] == "fail" and findings[step]["todo"]
    after = findings.steps[findings.steps.index(findings[step]) + 1:][:len(STEPS) - place - 1]
    assert all(follower["result"] == "skipped" and f"'{step}' failed" in follower["text"]
               for follower in after), after


def test_a_way_that_is_well_is_told_step_by_step(examine, doctor, authority, server):
    with collector(server) as there:
        there.refuse(422, "schema: missing")
        found = examine(0, "--collector", there.url, *trusting(doctor, authority))
    assert [step["step"] for step in found.steps] == ["settings", "state", *STEPS]
    assert found.results() == ["ok", "ok", "ok", "skipped", "ok", "ok", "ok", "ok"]
    assert f"{there.url} (command line, --collector)" in found["settings"]["text"]
    assert "localhost is " in found["name"]["text"] and "127.0.0.1" in found["name"]["text"]
    assert "stays on this machine" in found["route"]["text"]
    for word in "CN=collector, issued by CN=The CA, until ", pin_of(server), "TLSv1.2":
        assert word in found["tls"]["text"]
    assert "no enrolment secret is set" in found["key"]["text"]


def test_without_a_collector_it_says_where_to_set_one(examine):
    found = examine(1)
    assert [step["step"] for step in found.steps] == ["settings", "state"]
    assert "CollectorUrl" in found["settings"]["todo"]


def test_a_name_that_nobody_knows(examine):
    found = examine(1, "--collector", "https://no-such-name.invalid")
    expect_blocked_at(found, "name")


def test_a_port_on_which_nobody_listens(examine):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        found = examine(1, "--collector", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    expect_blocked_at(found, "port")
    assert "refused" in found["port"]["text"]


def test_a_certificate_that_is_not_the_right_one(examine, doctor, authority, stranger):
    with collector(stranger.sign_server("impostor")) as there:
        found = examine(1, "--collector", there.url, *trusting(doctor, authority))
    expect_blocked_at(found, "tls")
    assert "CN=impostor comes from CN=Stranger" in found["tls"]["text"]


def test_a_key_that_is_pinned_and_a_certificate_of_ours(examine, doctor, authority, server):
    own = authority.sign("exch1", "extendedKeyUsage=clientAuth")
    with collector(server, clients=authority) as there:
        there.refuse(422, "schema: missing")
        found = examine(0, "--collector", there.url, "--pin", pin_of(server), *showing(doctor, own))
    assert "pinned" in found["tls"]["text"]


def test_a_proxy_on_the_way_and_one_in_the_way(examine, doctor, authority, server):
    with collector(server) as there:
        with contextlib.closing(Proxy()) as proxy:
            there.refuse(422, "schema: missing")
            found = examine(0, "--collector", there.url, "--proxy", proxy.url,
                            *trusting(doctor, authority))
            assert found["proxy"]["result"] == "ok" and proxy.url in found["proxy"]["text"]
            assert "127.0.0.1 is an address" in found["name"]["text"], "the proxy's"
        with contextlib.closing(Proxy("403 Forbidden")) as proxy:
            found = examine(1, "--collector", there.url, "--proxy", proxy.url,
                            *trusting(doctor, authority))
    expect_blocked_at(found, "proxy")
    assert "the proxy does not let it through: HTTP status 403" in found["proxy"]["text"]


def test_a_proxy_that_asks_for_a_password(examine, doctor, authority, server, tmp_path):
    (tmp_path / "password").write_text("right\n")
    asking = ["--proxy-user", "exch1", "--proxy-password-file", doctor.path(tmp_path / "password")]
    with collector(server) as there, contextlib.closing(Proxy(login=("exch1", "right"))) as proxy:
        there.refuse(422, "schema: missing")
        way = ["--collector", there.url, "--proxy", proxy.url, *trusting(doctor, authority)]
        found = examine(0, *way, *asking)
        assert f"{proxy.url} (command line, --proxy) with the user exch1 lets us through" in found["proxy"]["text"]
        found = examine(1, *way)
        expect_blocked_at(found, "proxy")
        assert f"the proxy {proxy.url} asks for a user and a password" in found["proxy"]["text"]
        (tmp_path / "password").write_text("wrong\n")
        found = examine(1, *way, *asking)
    expect_blocked_at(found, "proxy")
    assert f"the proxy {proxy.url} does not accept the user exch1" in found["proxy"]["text"]


def test_what_a_request_fares_by_is_what_the_step_tls_says(examine, doctor):
    """A server that takes connections and stays silent: a run waits in vain for its TLS, too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        found = examine(1, "--collector", url)
    expect_blocked_at(found, "tls")


@pytest.mark.parametrize("skew_s, result, words", [
    (3600, "fail", "behind the collector's"), (-3600, "fail", "ahead of the collector's"),
    (-30, "ok", "ahead of the collector's")])
def test_clocks_that_differ(examine, skew_s, result, words):
    with contextlib.closing(StandIn()) as there:
        there.date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=skew_s),
                                     usegmt=True)
        there.refuse(422, "schema: missing")
        found = examine(result == "fail", "--collector", there.url)
    assert found["clock"]["result"] == result and words in found["clock"]["text"]
    assert found["key"]["result"] == "ok", "a clock that is wrong blocks nothing"


def test_a_collector_that_is_ill_or_is_none(examine):
    with contextlib.closing(StandIn()) as there:
        there.live = 503
        found = examine(1, "--collector", there.url)
    expect_blocked_at(found, "collector")


def test_a_key_that_is_not_accepted(examine):
    with contextlib.closing(StandIn()) as there:
        there.refuse(401, "this agent is not enrolled", "unknown_agent")
        found = examine(1, "--collector", there.url)
    assert found["key"]["result"] == "fail"
    assert "HTTP status 401: this agent is not enrolled" in found["key"]["text"]
    assert "--enroll-secret-file" in found["key"]["todo"]


def test_a_second_collector_has_its_own_steps(examine):
    with socket.socket() as nobody, contextlib.closing(StandIn()) as there:
        nobody.bind(("127.0.0.1", 0))
        there.refuse(422, "schema: missing")
        found = examine(1, "--collector", f"http://127.0.0.1:{nobody.getsockname()[1]}",
                        "--collector-fallback", there.url)
    assert f"; then {there.url} (command line, --collector-fallback)" in found["settings"]["text"]
    second = [step for step in found.steps if step["collector"] == there.url]
    assert [step["step"] for step in second] == STEPS
    assert "fail" not in [step["result"] for step in second]
    assert found["reports"]["text"] == f"{there.url} takes them"


def test_one_that_stands_by_is_well_where_another_takes_the_reports(examine):
    with contextlib.closing(StandingBy()) as standby, contextlib.closing(StandIn()) as judge:
        judge.refuse(422, "schema: missing")
        found = examine(0, "--collector", f"{standby.url},{judge.url}")
    assert found["key"]["result"] == "skipped"
    assert found["key"]["text"] == "it stands by: HTTP status 503: another collector judges"
    assert found["reports"]["text"] == f"{judge.url} takes them"


def test_an_agent_without_a_key_may_enrol_at_any_of_them(examine, doctor, tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text("mtw_e" + "a" * 64 + "\n")
    with contextlib.closing(StandingBy()) as standby, \
            contextlib.closing(StandIn(roll=Roll("mtw_e" + "a" * 64))) as judge:
        found = examine(0, "--collector", standby.url, "--collector", judge.url, "--enroll-secret-file",
                        doctor.path(file))
    assert found["key"]["result"] == "skipped" and not standby.enrolments
    assert found["reports"]["text"] == f"{judge.url} takes them"


def test_without_one_that_judges_no_report_is_taken(examine):
    with contextlib.closing(StandingBy()) as one, contextlib.closing(StandingBy()) as other:
        found = examine(1, "--collector", one.url, "--collector", other.url)
        assert found["reports"]["text"] == "no collector takes them" and found["reports"]["todo"]
        assert examine(1, "--collector", one.url)["reports"]["result"] == "fail"


def test_a_page_of_a_proxy_is_no_collector(examine):
    with contextlib.closing(StandIn()) as there:
        there.live = 404
        found = examine(1, "--collector", there.url)
    expect_blocked_at(found, "collector")
    assert "a proxy answered, not the collector: HTTP status 404" in found["collector"]["text"]


def test_what_a_proxy_says_of_a_report_proves_no_key(examine):
    with contextlib.closing(StandIn()) as there:
        there.answer_as_proxy(400)
        found = examine(1, "--collector", there.url)
    assert found["key"]["result"] == "fail"
    assert "a proxy answered, not the collector" in found["key"]["text"]


@pytest.mark.parametrize("secret, result, words", [
    ("mtw_e" + "a" * 64, "ok", "the collector knows the enrolment secret"),
    ("mtw_e" + "b" * 64, "fail", "it does not know the enrolment secret"),
    ("a password", "fail", "it is no enrolment secret")])
def test_a_secret_is_tried_without_being_used_up(examine, doctor, tmp_path, secret, result, words):
    file = tmp_path / "secret.txt"
    file.write_text(secret + "\n")
    with contextlib.closing(StandIn(roll=Roll("mtw_e" + "a" * 64))) as there:
        found = examine(result == "fail", "--collector", there.url, "--enroll-secret-file", doctor.path(file))
        assert not there.roll.agents
    assert found["key"]["result"] == result and words in found["key"]["text"]
    assert file.read_text() == secret + "\n"


def test_an_authority_that_has_expired_is_named(examine, doctor, authority, server, tmp_path):
    old = tmp_path / "old.pem"
    subprocess.run(["openssl", "x509", "-in", authority.certificate, "-signkey", authority.key, "-days", "-1",
                    "-out", old], check=True, capture_output=True)
    with collector(server) as there:
        found = examine(1, "--collector", there.url, "--ca-file", doctor.path(old))
    expect_blocked_at(found, "tls")
    assert "in the CA file" in found["tls"]["text"] and "CN=The CA" in found["tls"]["text"]
    assert "expired on" in found["tls"]["text"]
