"""Hooks that are mail, taken by a real mail server: aiosmtpd, which needs no rights and no queue.

Debian's other mail servers (Postfix, Exim, OpenSMTPD) want root, users and directories of their own;
aiosmtpd is a whole SMTP server with STARTTLS and AUTH that runs inside of the test."""

import email
import email.policy
from email.utils import parsedate_to_datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from certificates import Authority
from hook_rig import HOSTILE, Hooks, alert, hostile, notification, resolved, server_context


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


def test_a_mail_is_plain_text_with_everything_in_it(hooks, plain, mailbox):
    add(hooks, plain)
    outcome, text = send(hooks, notification(alert(), resolved(server="EXCH2"), truncated=3))
    assert outcome == "delivered", text
    mail = parse(mailbox)
    assert mail["Subject"] == "[FIRING:4] the MTA of EXCH1 will not start the next time, and 4 more (ACME/HQ)"
    assert mail["From"] == "mtawatch <mtawatch@example.com>" and mail["To"] == "ops@example.com"
    assert mail["Message-ID"] == "<0b96-477c@example.com>" and mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"])
    assert mail.get_content_type() == "text/plain"
    body = mail.get_content()
    for line in ["FIRING: the MTA of EXCH1 will not start the next time",
                 "RESOLVED: the MTA of EXCH2 will not start the next time",
                 "  why       Adapter El90x2 reaches none of 2 peers.",
                 "  remedy    Disable adapter El90x2: then clear.", "  since     2026-11-24T09:00:00Z",
                 "  page      https://collector.example/servers/EXCH1",
                 "And 3 more, which are not listed here."]:
        assert line in body.splitlines()


def test_the_mails_of_a_group_are_a_thread(hooks, plain, mailbox):
    add(hooks, plain)
    send(hooks, notification(id="one"))
    first = parse(mailbox)
    send(hooks, notification(resolved(), id="two"))
    second = parse(mailbox)
    send(hooks, notification(group="another", id="three"))
    third = parse(mailbox)
    assert second["Subject"].startswith("[RESOLVED:1] ")
    assert first["References"] == second["References"] == second["In-Reply-To"] != third["References"]
    assert len({m["Message-ID"] for m in (first, second, third)}) == 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_make_no_header_and_turn_no_line(hooks, plain, mailbox, text):
    add(hooks, plain)
    outcome, said = send(hooks, hostile(text))
    assert outcome == "delivered", said
    sender, receivers, data = mailbox.mails[0]
    assert (sender, receivers) == ("mtawatch@example.com", ["ops@example.com"])
    head, _, rest = data.partition(b"\r\n\r\n")
    assert all(len(line) <= 78 and line.isascii() for line in data.splitlines())
    assert b"\n" not in data.replace(b"\r\n", b"")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [b"Date", b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References",
                     b"Auto-Submitted", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding"]
    mail = parse(mailbox)
    shown = mail["Subject"] + mail.get_content().replace("\r\n", "\n")
    assert not any(mark in shown for mark in "\u202e\x1b\x07\r")
    harmless = "".join("?" if c in "\u202e\x1b\x07\x7f\t\r\n" else c for c in text)
    assert f"  why       {harmless}".rstrip() in [line.rstrip() for line in mail.get_content().splitlines()]
    assert harmless[:20] in mail["Subject"]


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
    assert "> Subject: [TEST] [FIRING:1] the MTA of TEST will not start the next time" in lines
    assert "> This is a test of a hook. Nothing is wrong." in lines
    assert lines[-1].startswith("delivered, after ") and lines[-1].endswith("the mail server took it (250)")
    import base64
    for secret in [b"\0mtawatch\0s3cret", b"s3cret", b"mtawatch"]:
        assert base64.b64encode(secret).decode() not in tried.stdout
    assert "s3cret" not in tried.stdout
