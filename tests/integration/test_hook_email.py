"""Hooks that are mail, taken by a real mail server: aiosmtpd, which needs no rights and no queue.

Debian's other mail servers (Postfix, Exim, OpenSMTPD) want root, users and directories of their own;
aiosmtpd is a whole SMTP server with STARTTLS and AUTH that runs inside of the test."""

import email
import email.policy
import html
import re
from email.utils import parsedate_to_datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from certificates import Authority
from hook_rig import (EVERYTHING, HOSTILE, MARKS, SUMS, Hooks, alert, daily_report, hostile, hostile_summary,
                      notification, remarks, resolved, server_context, site, storm, summary)


class Mailbox:
    """What the server took: (from, to, bytes)."""

    def __init__(self):
        self.mails = []
        self.refused = {}  # a receiver: what it is answered
        self.answer = "250 taken"
        self.logins = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.answer

    def login(self, server, session, envelope, mechanism, data):
        assert isinstance(data, LoginPassword) and session.ssl is not None
        self.logins.append((mechanism, data.login, data.password))
        return AuthResult(success=data.password == b"s3cret", handled=False)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


class Server(Controller):
    """On loopback; `more` goes to the protocol."""

    def __init__(self, mailbox, **more):
        super().__init__(mailbox, hostname="127.0.0.1", port=0)
        self.more = more

    def factory(self):
        return SMTP(self.handler, **self.more)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]  # the system chose it
        super()._trigger_server()


@pytest.fixture
def mailbox():
    return Mailbox()


def serve(mailbox, **more):
    server = Server(mailbox, **more)
    server.start()
    return server


@pytest.fixture
def server(mailbox, ca):
    server = serve(mailbox, tls_context=server_context(ca.sign_server()), require_starttls=True,
                   authenticator=mailbox.login, auth_required=True)
    yield server
    server.stop()


@pytest.fixture
def plain(mailbox):
    server = serve(mailbox)
    yield server
    server.stop()


@pytest.fixture
def hooks(tmp_path):
    return Hooks(tmp_path)


def add(hooks, server, name="mail", **more):
    return hooks.add(name, **{"type": "email", "smtp": f"smtp://127.0.0.1:{server.port}", "starttls": "never",
                              "from": "mtawatch@example.com", "to": "ops@example.com"} | more)


def add_secure(hooks, server, ca, password="s3cret", **more):
    return add(hooks, server, starttls="required", ca_file=ca.certificate, user="mtawatch",
               password_file=hooks.secret("password", password), **more)


def send(hooks, message):
    (_, outcome, _, text), = hooks.send(message, "mail")
    return outcome, text


def parse(mailbox):
    return email.message_from_bytes(mailbox.mails[-1][2], policy=email.policy.default)


def test_starttls_a_login_and_several_receivers(hooks, server, mailbox, ca):
    add_secure(hooks, server, ca, to="a@example.com, b@example.com")
    assert send(hooks, notification())[0] == "delivered"
    assert mailbox.logins[0][1:] == (b"mtawatch", b"s3cret")
    assert mailbox.mails[0][:2] == ("mtawatch@example.com", ["a@example.com", "b@example.com"])


def test_a_wrong_password_and_a_wrong_certificate_are_told_and_tried_again(hooks, server, mailbox, ca, tmp_path):
    add_secure(hooks, server, ca, password="wrong")
    outcome, text = send(hooks, notification())
    assert outcome == "retry" and "535" in text and "wrong" not in text
    (tmp_path / "other").mkdir()
    other = Hooks(tmp_path / "other")
    add_secure(other, server, Authority(tmp_path / "stranger"))
    outcome, text = send(other, notification())
    assert outcome == "retry" and "certificate" in text
    assert mailbox.mails == []


def test_no_password_goes_to_a_server_without_starttls(hooks, plain, mailbox, ca):
    add_secure(hooks, plain, ca)
    outcome, text = send(hooks, notification())
    assert outcome == "retry" and mailbox.mails == [] and mailbox.logins == []


def text_of(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(mail):
    return mail.get_body(("html",)).get_content()


STEPS = [{"steps": [{"text": "Disable adapter El90x2", "verdict_after": "clear"}]},
         {"steps": [{"text": "Connect adapter El90x2", "verdict_after": "at_risk"},
                    {"text": "Start the MTA", "verdict_after": "clear"}]}]
FAILING = {"condition": "failing", "verdict": "failing", "since": "2026-11-23T19:33:04.712Z", "event": 9321,
           "event_at": "2026-11-23T19:31:00Z", "fired_at": "2026-11-23T18:02:11Z", "options": STEPS,
           "text": "Adapter El90x2 reaches none of 2 peers since 2026-11-23T19:30:59.123Z."}
KIM = {"by": "kim", "at": "2026-11-23T22:59:00Z", "comment": "on my way"}


def test_a_mail_says_what_is_broken_since_when_what_it_means_and_what_to_do(hooks, plain, mailbox):
    add(hooks, plain, time_zone="Europe/Berlin")
    worst = alert(before="exposed", acknowledged=KIM, **FAILING)
    outcome, text = send(hooks, notification(alert(server="EXCH2"), worst, resolved(server="EXCH3"),
                                             reason="escalated", truncated=3))
    assert outcome == "delivered", text
    mail = parse(mailbox)
    assert mail["Subject"] == "Failing: EXCH1 and 1 more (ACME/HQ), escalated from exposed"
    assert mail["From"] == "mtawatch <mtawatch@example.com>" and mail["To"] == "ops@example.com"
    assert mail["Message-ID"] == "<0b96-477c@example.com>" and mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"])
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert text_of(mail) == """\
EXCH1 is failing: escalated from exposed. All at ACME/HQ: 1 failing, 1
exposed.

Mail to and from other servers has stopped.

Server        EXCH1 (ACME/HQ)
Since         Mon 23 Nov 2026, 20:31 CET (19:31 UTC): event 9321 in its own
              log
Noticed       Mon 23 Nov 2026, 20:33 CET (19:33 UTC)
Opened        Mon 23 Nov 2026, 19:02 CET (18:02 UTC)
Acknowledged  kim, since Mon 23 Nov 2026, 23:59 CET (22:59 UTC) ("on my
              way")

WHY
  Adapter El90x2 reaches none of 2 peers since Mon 23 Nov 2026, 20:30 CET
  (19:30 UTC).

WHAT TO DO, one of:
  A) 1. Disable adapter El90x2 (then: clear)
  B) 1. Connect adapter El90x2 (then: at risk)
     2. Start the MTA (then: clear)

ALSO, for the same cause
* EXCH2 is exposed
  since Tue 24 Nov 2026, 10:00 CET (09:00 UTC)
  to do: Disable adapter El90x2
* EXCH3 is no longer exposed
  over Tue 24 Nov 2026, 11:00 CET (10:00 UTC), after 55 minutes
* and 3 more, which are not listed here

Server page   https://collector.example/servers/EXCH1
              (acknowledge or silence it there)
All alerts    https://collector.example?page=alerts
"""


def test_the_html_says_the_same_and_needs_nothing_from_elsewhere(hooks, plain, mailbox):
    add(hooks, plain, time_zone="Europe/Berlin")
    send(hooks, notification(alert(**FAILING), alert(server="EXCH2"), reason="escalated"))
    page = html_of(parse(mailbox))
    shown = html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))
    for words in ["EXCH1 is failing", "Mail to and from other servers has stopped.",
                  "Mon 23 Nov 2026, 20:31 CET (19:31 UTC): event 9321 in its own log",
                  "Connect adapter El90x2 then: at risk", "EXCH2 is exposed", "nobody yet", "Acknowledge or silence"]:
        assert words in shown
    assert not re.search(r"<(img|link|script|style|iframe)|url\(|@import|src=", page)
    assert set(re.findall(r'href="([^"]*)"', page)) == {
        "https://collector.example?page=alerts", "https://collector.example/servers/EXCH1"}


@pytest.mark.parametrize("message, subject, first", [
    (notification(resolved(server="EXCH2"), alert(), reason="fewer servers"),
     "Exposed: EXCH1 (ACME/HQ), fewer servers than before", "EXCH1 is exposed: fewer servers than before."),
    (notification(resolved(now="clear: adapter El90x2 is disabled"), reason="resolved"),
     "Resolved: EXCH1 (ACME/HQ), clear after 55 minutes", "EXCH1 is no longer exposed: clear after 55 minutes."),
    (notification(alert(before="failing"), reason="eased"),
     "Exposed: EXCH1 (ACME/HQ), eased from failing", "EXCH1 is exposed: eased from failing."),
    (notification(alert(condition="unknown", verdict="unknown", before="failing"), reason="eased"),
     "Cannot tell: EXCH1 (ACME/HQ), failing before, and not known to be mended",
     "Cannot tell whether EXCH1 is exposed: failing before, and not known to be"),
    (notification(alert(server="EXCH2", before="at_risk"), alert(condition="failing"), reason="escalated"),
     "Failing: EXCH1 and 1 more (ACME/HQ), EXCH2 escalated from at risk to exposed",
     "EXCH1 is failing: EXCH2 escalated from at risk to exposed. All at ACME/HQ: 1"),
    (notification(alert(condition="at_risk", acknowledged=KIM), reason="acknowledged"),
     "At risk: EXCH1 (ACME/HQ), acknowledged by kim", "EXCH1 is at risk: acknowledged by kim."),
    (notification(alert("", condition="disk", organization="", site=""), organization="", site="",
                  reason="still open"),
     "The collector's disk is nearly full, still open", "The collector's disk is nearly full: still open."),
    (notification(alert(condition="silent", flapping=True)),
     "Silent: EXCH1 (ACME/HQ), opened", "EXCH1 is silent (it comes and goes). This is new."),
])
def test_the_subject_and_the_first_line_name_the_worst_that_fires(hooks, plain, mailbox, message, subject, first):
    add(hooks, plain)
    assert send(hooks, message)[0] == "delivered"
    mail = parse(mailbox)
    assert mail["Subject"] == subject
    assert text_of(mail).splitlines()[0] == first
    assert not re.search(r"at_risk|not_monitored|dead_letters|\d\.\d{3}Z", text_of(mail) + html_of(mail))


def test_a_storm_is_one_mail_worst_first(hooks, plain, mailbox):
    add(hooks, plain, time_zone="Europe/Berlin", max_alerts=4)
    sites = [site("ACME/HQ", failing=1), site("ACME/B2", exposed=1, silent=5), site("/", disk=1)]
    assert send(hooks, storm(sites=sites, more_sites=38))[0] == "delivered"
    mail = parse(mailbox)
    assert mail["Subject"] == ("212 alerts in 5 minutes: EXCH1 (ACME/HQ) failing, 12 exposed, 193 silent, 6 over, "
                               "at 40 sites")
    assert text_of(mail) == """\
212 alerts in 5 minutes: EXCH1 (ACME/HQ) failing, 12 exposed, 193 silent, 6
over, at 40 sites.

Worst          EXCH1 (ACME/HQ): failing
Effect         Mail to and from other servers has stopped.
Since          Tue 24 Nov 2026, 03:09 CET (02:09 UTC): event 9321 in its own
               log
Why            The MTA is not running: its last start failed with event
               9321, NT Error 11004.
First step     Disable adapter El90x2 (then: clear)
Acknowledged   nobody yet
Its page       https://collector.example/servers/EXCH1

Still open     1 failing, 12 exposed, 193 silent
Changed        since Tue 24 Nov 2026, 03:10 CET (02:10 UTC): 212 alerts
               opened, 6 over

BY SITE, WORST FIRST
ACME/HQ        1 failing
ACME/B2        1 exposed, 5 silent
The collector  1 problem of the collector
and 38 more sites

FURTHER ALERTS, WORST FIRST
* EXCH2 (ACME/B2): exposed for 4 minutes
  Adapter El90x2 reaches none of 2 peers.
  https://collector.example/servers/EXCH1
* EXCH3 (ACME/B3): exposed for 4 minutes
  Adapter El90x2 reaches none of 2 peers.
  https://collector.example/servers/EXCH1
* EXCH4 (ACME/B4): exposed for 4 minutes
  Adapter El90x2 reaches none of 2 peers.
  https://collector.example/servers/EXCH1
* and 202 more, which are not listed here

While the storm goes on the next summary comes in five minutes, and sooner
if something gets worse; after it each site is told of by itself again.

All alerts     https://collector.example?page=alerts
"""
    page = html_of(mail)
    shown = html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))
    for words in [mail["Subject"], "ACME/B2 1 exposed, 5 silent", "EXCH4 (ACME/B4) exposed for 4 minutes",
                  "and 38 more sites", "and 202 more, which are not listed here"]:
        assert words in shown
    assert not re.search(r"<(img|link|script|style|iframe)|url\(|@import|src=", page)


DISK = alert("", "disk", organization="", site="", adapter="", options=[], url="", text="20 MB are left.",
             since="2026-11-24T05:00:00Z")
OLD = {"since": "2026-11-22T02:00:00Z"}
FLEET = {"servers": 300, "fixed": 96, "silent": 4, "not_monitored": 1}


@pytest.mark.parametrize("message, subject, words", [
    (storm(next="2026-11-24T02:20:00Z", opened=1, firing={"failing": 1, "silent": 2}, sites=[site("A/B", failing=1)],
           more_sites=0, resolved=0),
     "3 alerts in 5 minutes: EXCH1 (ACME/HQ) failing, 2 silent", "The next summary comes in 5 minutes if more becomes"),
    (summary("summary", alert(condition="silent"), opened=9, firing={"silent": 9}, at="2026-11-24T02:10:10Z"),
     "9 alerts within a minute: EXCH1 (ACME/HQ) and 8 more silent", "Still open     9 silent"),
    (summary("summary", DISK, alert(condition="unknown"), opened=2),
     "2 alerts in 5 minutes: the collector's disk is nearly full, cannot tell of 1",
     "* EXCH1 (ACME/HQ): cannot tell"),
    (summary("summary", alert("", "surroundings"), alert("", "surroundings", organization="", site=""), alert(condition="silent"),
             opened=3, sites=[site("ACME/HQ", surroundings=1, silent=1), site("/", surroundings=1)]),
     "3 alerts in 5 minutes: many servers stopped reporting at once (ACME/HQ) and 1 more, 1 silent",
     "All sites      many silent at once"),
    (summary("summary", alert(condition="unknown"), opened=2, firing={"unknown": 2}),
     "2 alerts in 5 minutes: cannot tell of EXCH1 (ACME/HQ) and 1 more", "Still open     cannot tell of 2"),
    (summary("summary", opened=6, resolved=6), "6 alerts in 5 minutes, and all are over", "6 alerts opened, 6 over"),
    (summary("summary", resolved=1), "1 alert over in 5 minutes, nothing new is open", "02:10 UTC: 1 alert over"),
    (summary("summary", alert()), "1 alert in 5 minutes: EXCH1 (ACME/HQ) exposed",
     "since Tue 24 Nov 2026, 02:10 UTC: only of alerts that were open before"),
    (summary("summary", at="2026-11-24T05:00:00Z"), "The storm is over, after 2 hours",
     "The storm is over, after 2 hours. No alert of it is open any more."),
    (summary("digest", *[alert(f"EXCH{i}") for i in range(3)], alert(condition="at_risk"), opened=4),
     "First days: 3 servers exposed, 1 at risk", "A server that fails is told at once."),
    (summary("digest", alert(condition="unknown"), opened=4), "First days: cannot tell of 1 server",
     "Found in the first days of this fleet: cannot tell of 1 server."),
    (summary("digest", opened=4, resolved=4), "First days: nothing that was found is open any more", "4 over"),
    (daily_report(alert(**OLD, acknowledged=KIM), alert("EXCH2", "at_risk", **OLD), DISK, opened=3, resolved=2,
                  fleet=FLEET),
     "Daily report: 1 exposed, 1 at risk, 1 problem of the collector, fix on 96 of 300",
     "* EXCH2 (ACME/HQ): at risk for 2 days"),
    (daily_report(DISK, alert("EXCH2", "silent", acknowledged=KIM, **OLD), fleet=FLEET),
     "Daily report: 1 problem of the collector, 1 silent, fix on 96 of 300",
     "* EXCH2 (ACME/HQ): silent for 2 days, acknowledged by kim"),
    (daily_report(), "Daily report: nothing is wrong, fix on 96 of 300",
     "Nothing is wrong: no alert that this hook is told of is open, and all 300"),
    (daily_report(fleet=FLEET | {"fixed": 300}),
     "Daily report: 4 servers are silent and 1 is not monitored, fix on all 300",
     "No alert that this hook is told of is open, but 4 servers are silent and 1 is"),
    (daily_report(fleet=FLEET | {"fixed": 0, "silent": 0}), "Daily report: 1 server is not monitored, fix on none of 300",
     "Fix            on none of 300 servers"),
    (daily_report(fleet={"servers": 0, "fixed": 0, "silent": 0, "not_monitored": 0}),
     "Daily report: no server has reported yet", "The next daily report comes Wed 25 Nov 2026, 06:00 UTC."),
    (daily_report(fleet=None), "Daily report: nothing is wrong", "no alert that this hook is told of is open."),
    (daily_report(fleet={"servers": 1, "fixed": 1, "silent": 0, "not_monitored": 0}),
     "Daily report: nothing is wrong, fix on 1 of 1", "and the one server reports."),
])
def test_a_mail_of_many_groups_says_it_all_in_its_subject(hooks, plain, mailbox, message, subject, words):
    add(hooks, plain)
    assert send(hooks, message)[0] == "delivered"
    mail = parse(mailbox)
    assert mail["Subject"] == subject
    text = text_of(mail)
    assert " ".join(words.split()) in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) <= 78
    assert not re.search(r"at_risk|not_monitored|dead_letters|\d\.\d{3}Z|\b1 (servers|sites|alerts|ills)\b",
                         text + html_of(mail))


def test_a_zone_that_is_not_there_is_named(hooks, plain):
    add(hooks, plain, time_zone="Europe/Atlantis")
    tried = hooks.try_one("mail")
    assert tried.returncode == 2 and "line 7" in tried.stderr and "tzdata" in tried.stderr


def test_a_hook_lists_as_many_alerts_as_it_is_told(hooks, plain, mailbox):
    add(hooks, plain, max_alerts=2)
    mild = [alert(server=f"EXCH{i}", condition="at_risk") for i in range(2, 8)]
    send(hooks, notification(*mild, alert(condition="failing")))
    mail = parse(mailbox)
    assert mail["Subject"] == "Failing: EXCH1 and 6 more (ACME/HQ), opened"
    text = text_of(mail)
    assert "EXCH2" in text and "EXCH3" not in text and "* and 5 more, which are not listed here\n" in text


def test_the_mails_of_a_group_are_a_thread(hooks, plain, mailbox):
    add(hooks, plain)
    send(hooks, notification(id="one"))
    first = parse(mailbox)
    send(hooks, notification(resolved(), id="two"))
    second = parse(mailbox)
    send(hooks, notification(group="another", id="three"))
    third = parse(mailbox)
    assert second["Subject"].startswith("Resolved: EXCH1 ")
    assert first["References"] == second["References"] == second["In-Reply-To"] != third["References"]
    assert len({m["Message-ID"] for m in (first, second, third)}) == 3


def is_harmless(mailbox):
    """The last mail, whose header and lines are those that are ours."""
    sender, receivers, data = mailbox.mails[-1]
    assert (sender, receivers) == ("mtawatch@example.com", ["ops@example.com"])
    head, _, rest = data.partition(b"\r\n\r\n")
    assert all(len(line) <= 78 and line.isascii() for line in data.splitlines())
    assert b"\n" not in data.replace(b"\r\n", b"")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [b"Date", b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References",
                     b"Auto-Submitted", b"MIME-Version", b"Content-Type"]
    mail = parse(mailbox)
    shown = mail["Subject"] + text_of(mail) + html_of(mail).replace("\r\n", "\n")
    assert not set(MARKS) - {"\n"} & set(shown)
    assert all(re.match("https://collector.example[/?]", link) for link in re.findall('href="([^"]*)', html_of(mail)))
    assert not re.search("<(script|img)", html_of(mail))
    return mail


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_make_no_header_and_turn_no_line(hooks, plain, mailbox, text):
    add(hooks, plain)
    outcome, said = send(hooks, hostile(text))
    assert outcome == "delivered", said
    mail = is_harmless(mailbox)
    harmless = "".join("?" if c in MARKS else c for c in text)
    assert " ".join(harmless.split()) in " ".join(text_of(mail).split())
    assert html.escape(harmless, quote=False).replace('"', "&quot;") in html_of(mail)
    assert harmless[:20] in mail["Subject"]


@pytest.mark.parametrize("reason", SUMS)
def test_hostile_values_make_no_header_in_sums(hooks, plain, mailbox, reason):
    add(hooks, plain)
    for text in (EVERYTHING, HOSTILE[-1]):
        outcome, said = send(hooks, hostile_summary(reason, text))
        assert outcome == "delivered", said
        is_harmless(mailbox)


def test_who_is_not_there_keeps_the_mail_from_nobody(hooks, plain, mailbox):
    add(hooks, plain, to="gone@example.com, b@example.com")
    mailbox.refused["gone@example.com"] = "550 no such user"
    assert send(hooks, notification())[0] == "delivered"
    assert mailbox.mails[0][1] == ["b@example.com"]
    mailbox.refused["b@example.com"] = "550 no such user either"
    assert send(hooks, notification())[0] == "refused"


@pytest.mark.parametrize("answer, outcome", [("451 greylisted", "retry"), ("554 looks like spam", "refused")])
def test_what_the_answer_to_the_mail_means(hooks, plain, mailbox, answer, outcome):
    add(hooks, plain)
    mailbox.answer = answer
    got, text = send(hooks, notification())
    assert got == outcome and answer[:3] in text


def test_a_try_shows_the_exchange_without_the_password(hooks, server, mailbox, ca):
    add_secure(hooks, server, ca)
    tried = hooks.try_one("mail")
    assert tried.returncode == 0 and tried.stderr == ""
    lines = tried.stdout.splitlines()
    assert "> STARTTLS" in lines and "> RCPT TO:<ops@example.com>" in lines
    assert any(line.startswith("> AUTH ") and line.endswith("(hidden)") for line in lines)
    assert "> Subject: Test: Exposed: TEST (TEST/TEST)" in lines
    assert "> This is a test of a hook: nothing is wrong. TEST is exposed." in lines
    assert lines[-1].startswith("delivered, after ") and lines[-1].endswith("the mail server took it (250)")
    import base64
    for secret in [b"\0mtawatch\0s3cret", b"s3cret", b"mtawatch"]:
        assert base64.b64encode(secret).decode() not in tried.stdout
    assert "s3cret" not in tried.stdout


@pytest.mark.parametrize("of, owner, note", [
    ("site", "Mail & Post (of the site)", "rack 3 / call Mr. Ito first (of the site, by token ops, "),
    ("server", "Mail & Post", "rack 3 / call Mr. Ito first (by token ops, ")])
def test_a_mail_says_whose_the_server_is_and_what_was_noted(hooks, plain, mailbox, of, owner, note):
    add(hooks, plain)
    one = alert(**remarks("Mail & Post", "rack 3\ncall Mr. Ito first", of))
    assert send(hooks, notification(one, alert(server="EXCH2")))[0] == "delivered"
    parts = [part.get_content() for part in parse(mailbox).iter_parts()]
    text = " ".join(parts[0].split())
    assert f"Owner {owner} Note {note}" in text and "Fri 20 Nov 2026, 08:00 UTC)" in text, text
    assert html.escape(owner, quote=False) in parts[1] and html.escape(note, quote=False) in parts[1]
    assert "Mail" not in str(parse(mailbox)["Subject"])
