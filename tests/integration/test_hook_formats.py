"""Webhooks in the formats of Slack, Microsoft Teams and PagerDuty: each body against a schema that was
written after the receiver's own reference (tests/integration/webhooks), with its limits of length."""

import json
import re
import subprocess

import jsonschema
import pytest
from hook_rig import (EVERYTHING, HOSTILE, MARKS, PROGRAM, ROOT, SUMS, Hooks, alert, daily_report, hostile,
                      hostile_summary, notification, resolved, site, storm, summary)
from receiver import Receiver

FORMATS = ["slack", "teams", "pagerduty"]
PARTS = {"slack": {"section", "header", "actions", "button", "plain_text", "mrkdwn"},
         "teams": {"message", "AdaptiveCard", "Container", "RichTextBlock", "TextRun", "Action.OpenUrl"},
         "pagerduty": set()}  # whose texts are plain
KEY = "e93facc04764012d7bfb002500d5d1a6"
KIM = {"by": "kim", "at": "2026-11-24T09:10:00Z", "comment": "on my way"}
WAYS = [{"steps": [{"text": "Disable adapter El90x2", "verdict_after": "clear"}]},
        {"steps": [{"text": "Connect adapter El90x2", "verdict_after": "at_risk"},
                   {"text": "Start the MTA", "verdict_after": "clear"}]}]
STORY = [
    ("opened", notification(alert(options=WAYS), reason="opened")),
    ("escalated", notification(alert(condition="failing", before="exposed", event=9321,
                                     event_at="2026-11-24T09:01:00Z"), reason="escalated")),
    ("more", notification(alert(condition="failing"), alert("EXCH2"), reason="more servers")),
    ("one is looked after", notification(alert(condition="failing", acknowledged=KIM), alert("EXCH2"),
                                         reason="acknowledged")),
    ("all are looked after", notification(alert(condition="failing", acknowledged=KIM), resolved(server="EXCH2"),
                                          reason="acknowledged")),
    ("eased", notification(alert(acknowledged=KIM, before="failing"), reason="eased")),
    ("resolved", notification(resolved(now="clear: adapter El90x2 is disabled"),
                              reason="resolved")),
]


@pytest.fixture
def hooks(tmp_path):
    return Hooks(tmp_path)


def add(hooks, receiver, form, **more):
    if form == "pagerduty":
        more["routing_key_file"] = hooks.secret("routing-key", KEY)
    return hooks.add("ops", type="webhook", url=receiver.url, format=form, **more)


def check(form, body):
    """The body, which is what the receiver's reference says."""
    schema = json.loads((ROOT / f"tests/integration/webhooks/{form}.schema.json").read_text())
    message = json.loads(body)
    jsonschema.Draft202012Validator(schema).validate(message)
    if form == "slack":
        assert sum(len(text) for text in texts(message["blocks"])) <= 13000
    assert len(body) <= {"slack": 64 * 1024, "teams": 20 * 1024, "pagerduty": 512 * 1024}[form]
    return message


def texts(part):
    """Every string in it that is the value of a "text", "title" or of a detail."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, dict):
        return [t for key, value in part.items() for t in texts(value) if not key.startswith("$")]
    return [t for value in part for t in texts(value)] if isinstance(part, list) else []


def values(part, key):
    """Everything that goes by that key in it."""
    if isinstance(part, dict):
        own = [part[key]] if isinstance(part.get(key), str) else []
        return own + [found for value in part.values() for found in values(value, key)]
    return [found for one in part for found in values(one, key)] if isinstance(part, list) else []


def send_all(hooks, form, messages, **more):
    with Receiver() as receiver:
        add(hooks, receiver, form, **more)
        for message in messages:
            (_, outcome, _, text), = hooks.send(message, "ops")
            assert outcome == "delivered", text
        for request in receiver.requests:
            assert request[2]["Content-Type"] == "application/json"
        return [check(form, body) for *_, body in receiver.requests]


@pytest.mark.parametrize("form", FORMATS)
def test_an_incident_is_told_from_its_beginning_to_its_end(hooks, form):
    bodies = send_all(hooks, form, [message for _, message in STORY], time_zone="Europe/Berlin")
    opened, escalated, more, *_, eased, over = ["\n".join(texts(body)) for body in bodies]
    assert "Exposed: EXCH1 (ACME/HQ), opened" in opened and "do not restart it" in opened
    assert "Failing: EXCH1 (ACME/HQ), escalated from exposed" in escalated
    assert "Mail to and from other servers has stopped." in escalated
    assert "Tue 24 Nov 2026, 10:01 CET (09:01 UTC): event 9321 in its own log" in escalated
    assert "Start the MTA" in opened and "at risk" in opened
    assert "EXCH2 is exposed" in more
    assert "Exposed: EXCH1 (ACME/HQ), eased from failing" in eased and "kim, since" in eased
    assert "Resolved: EXCH1 (ACME/HQ), clear after 55 minutes" in over
    assert "clear: adapter El90x2 is disabled" in over
    assert "at_risk" not in "".join(texts(bodies))
    assert "https://collector.example/servers/EXCH1" in opened and "https://collector.example?page=alerts" in opened


def test_pagerduty_hears_of_one_alert_from_trigger_to_resolve(hooks):
    bodies = send_all(hooks, "pagerduty", [message for _, message in STORY])
    assert [body["event_action"] for body in bodies] == \
        ["trigger", "trigger", "trigger", "trigger", "acknowledge", "trigger", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {"ACME/HQ adapter_isolated"}
    assert [body["payload"]["severity"] for body in bodies] == \
        ["warning", "critical", "critical", "critical", "critical", "warning", "info"]
    assert {body["routing_key"] for body in bodies} == {KEY}
    assert bodies[1]["payload"]["source"] == "EXCH1" and bodies[1]["payload"]["group"] == "ACME/HQ"


def test_a_key_that_is_too_long_for_pagerduty_is_the_same_each_time(hooks):
    group = "ACME/" + "x" * 300
    bodies = send_all(hooks, "pagerduty", [notification(group=group), notification(group=group, id="2"),
                                           notification(group=group + "y", id="3")])
    assert bodies[0]["dedup_key"] == bodies[1]["dedup_key"] != bodies[2]["dedup_key"]


def is_harmless(body, form):
    links = [link for key in ("url", "href", "src", "client_url") for link in values(body, key)]
    assert not set(MARKS) - {"\n"} & set("\n".join(texts(body)))
    assert all(re.match("https://collector.example[/?]", link) for link in links)
    assert set(values(body, "type")) <= PARTS[form]
    if form == "slack":
        sections = [b["text"]["text"] for b in body["blocks"] if b["type"] == "section"]
        assert not any(mark in text for text in [body["text"], *sections] for mark in "<>")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_mean_nothing_but_themselves(hooks, form, text):
    body, = send_all(hooks, form, [hostile(text)])
    is_harmless(body, form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("reason", SUMS)
def test_hostile_texts_mean_nothing_in_sums(hooks, form, reason):
    for body in send_all(hooks, form, [hostile_summary(reason, text) for text in (EVERYTHING, HOSTILE[-1])]):
        is_harmless(body, form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("filling", ["<&>\"\\", "\u4e2d", "\U0001f600", "a "])
def test_the_largest_notification_stays_within_what_receivers_take(hooks, form, filling):
    long = (filling * 4096)[:450]
    ways = [{"steps": [{"text": long, "verdict_after": "clear"}] * 8}] * 4
    many = [alert(long + str(i), condition="failing", text=long * 3, remedy=long, options=ways if i == 0 else [], site=long,
                  organization=long, acknowledged={"by": long, "at": "2026-11-24T09:00:00Z", "comment": long},
                  url="https://collector.example/?server=" + "x" * 3000) for i in range(64)]
    body, = send_all(hooks, form, [notification(*many, truncated=1000, site=long, organization=long, group=long)])
    assert "not listed" in json.dumps(body)


@pytest.mark.parametrize("form", FORMATS)
def test_a_try_is_marked_and_shows_no_key(hooks, form):
    with Receiver() as receiver:
        add(hooks, receiver, form)
        tried = hooks.try_one("ops")
        assert tried.returncode == 0, tried.stdout
        message = check(form, receiver.requests[0][3])
    assert "Test: Exposed: TEST (TEST/TEST)" in "\n".join(texts(message))
    assert KEY not in tried.stdout + tried.stderr
    if form == "pagerduty":
        assert message["payload"]["severity"] == "info" and "(hidden)" in tried.stdout


KINDS = [("summary", "Test: 9 alerts in 5 minutes: TEST1 (TEST/HQ) failing, 1 exposed, 1 at risk, 6 silent, at 2 sites"),
         ("digest", "Test: First days: 1 server exposed, 1 at risk, 6 silent"),
         ("daily-report", "Test: Daily report: 1 failing, 1 exposed, 1 at risk, 6 silent, fix on 96 of 300")]


@pytest.mark.parametrize("form, kind, head", [
    (form, *one) for form in FORMATS for one in KINDS if (form, one[0]) != ("pagerduty", "daily-report")])
def test_each_kind_of_summary_can_be_tried(hooks, form, kind, head):
    with Receiver() as receiver:
        add(hooks, receiver, form)
        tried = hooks.try_one("ops", "--kind", kind)
        assert tried.returncode == 0, tried.stdout + tried.stderr
        message = check(form, receiver.requests[0][3])
    shown = "\n".join(texts(message))
    assert head in shown and "This is a test of a hook: nothing is wrong." in shown
    if form == "pagerduty":
        assert message["payload"]["severity"] == "info" and message["dedup_key"] == "test"


def test_the_help_tells_the_kinds_in_lines_of_ninety_columns(hooks):
    shown = subprocess.run([PROGRAM, "hook", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--kind KIND" in shown and max(len(line) for line in shown.splitlines()) <= 90


def test_what_cannot_be_tried_is_said(hooks):
    with Receiver() as receiver:
        add(hooks, receiver, "pagerduty")
        hooks.add("am", type="alertmanager", url=receiver.url)
        for name, kind, why in [("ops", "daily-report", "would be an incident of PagerDuty's"),
                                ("am", "summary", "an Alertmanager gets states"), ("x", "digest", "there is no hook 'x'"),
                                ("ops", "storm", "expected alert, summary, digest or daily-report")]:
            tried = hooks.try_one(name, "--kind", kind)
            assert tried.returncode == 2 and why in tried.stderr
        assert receiver.requests == []


def test_a_key_that_a_receiver_repeats_is_hidden(hooks):
    with Receiver(status=400, body=f"wrong key {KEY}".encode()) as receiver:
        add(hooks, receiver, "pagerduty")
        (_, outcome, _, text), = hooks.send(notification(), "ops")
    assert outcome == "refused" and KEY not in text and "(hidden)" in text


@pytest.mark.parametrize("form", FORMATS)
def test_many_groups_are_told_in_one_message(hooks, form):
    digest = summary("digest", alert("EXCH2"), alert("EXCH3", "at_risk", site="B7"), opened=2,
                     sites=[site("ACME/HQ", exposed=1), site("ACME/B7", at_risk=1)])
    told = send_all(hooks, form, [storm(), digest, daily_report()], time_zone="Europe/Berlin")
    night, first_days, day = ["\n".join(texts(body)) for body in told]
    head = "212 alerts in 5 minutes: EXCH1 (ACME/HQ) failing, 12 exposed, 193 silent, 6 over, at 40 sites"
    assert head in night and "First days: 1 server exposed, 1 at risk" in first_days
    for words in ["Mail to and from other servers has stopped.", "Disable adapter El90x2 (then: clear)",
                  "The MTA is not running: its last start failed with event 9321, NT Error 11004.",
                  "ACME/B2", "1 exposed, 5 silent", "EXCH2 (ACME/B2)", "exposed for 4 minutes", "not listed here"]:
        assert words in night
    assert "Daily report: nothing is wrong, fix on 96 of 300" in day and "all 300 servers report" in day
    assert "at_risk" not in first_days and "https://collector.example/servers/EXCH1" in night
    assert "https://collector.example?page=alerts" in json.dumps(told[2])


def test_pagerduty_opens_and_ends_an_incident_of_a_storm(hooks):
    key = "storm/ops/1700000000000"
    over = summary("summary", group=key, since="2026-11-24T00:15:00Z")
    first, last = send_all(hooks, "pagerduty", [storm(group=key), over])
    assert [first["event_action"], last["event_action"]] == ["trigger", "resolve"]
    assert first["dedup_key"] == last["dedup_key"] == key
    assert first["payload"]["severity"] == "critical" and first["payload"]["source"] == "EXCH1"
    assert last["payload"]["summary"] == "The storm is over, after 2 hours"
    assert len(first["payload"]["custom_details"]["By site, worst first"]) == 21


def test_slack_leads_to_each_server_and_nowhere_else(hooks):
    evil = alert("<https://evil.example|EXCH9>", url="https://collector.example/?a=1&b=2")
    body, = send_all(hooks, "slack", [summary("summary", alert(), evil, alert(url="https://x/>|<!channel>"), opened=3)])
    shown = "\n".join(block["text"]["text"] for block in body["blocks"] if block["type"] == "section")
    assert "<https://collector.example/?a=1&amp;b=2|&lt;https://evil.example|EXCH9&gt; (ACME/HQ)>: exposed" in shown
    assert shown.count("<") == 1 and "!channel" not in shown


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_of_many_groups_mean_nothing_but_themselves(hooks, form, text):
    many = hostile(text)["alerts"] * 3
    places = [{"organization": text, "site": text, "firing": {"exposed": 1}}] * 2
    body, = send_all(hooks, form, [summary("summary", *many, sites=places, more_sites=1)])
    assert not any(mark in "\n".join(texts(body)) for mark in "\u202e\x1b\x07\r")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("filling", ["<&>\"\\", "\u4e2d", "\U0001f600", "a "])
def test_the_largest_summary_stays_within_what_receivers_take(hooks, form, filling):
    long = (filling * 4096)[:450]
    ways = [{"steps": [{"text": long, "verdict_after": "clear"}] * 8}] * 4
    many = [alert(long, condition="failing", text=long * 3, options=[] if i else ways, site=long, organization=long,
                  acknowledged={"by": long, "at": "2026-11-24T09:00:00Z", "comment": long},
                  url="https://collector.example/?server=" + "x" * 440) for i in range(64)]
    places = [site(long + "/" + long, failing=9999, exposed=9999, at_risk=9999, silent=9999)] * 20
    body, = send_all(hooks, form, [daily_report(*many, truncated=1000, sites=places, more_sites=9, opened=9)])
    assert "not listed" in json.dumps(body) and "more sites" in json.dumps(body)


def faults(hooks):
    tried = hooks.try_one("ops")
    assert tried.returncode == 2
    return tried.stderr


def test_a_format_and_its_key_go_together(hooks, tmp_path):
    hooks.add("ops", type="webhook", url="https://events.example/", format="pagerduty")
    assert "routing-key-file and format = pagerduty go together" in faults(hooks)
    (tmp_path / "b").mkdir()
    hooks = Hooks(tmp_path / "b")
    hooks.add("ops", type="webhook", url="https://events.example/", format="pagerduty",
              routing_key_file=hooks.secret("short", "abc"))
    assert "32 characters" in faults(hooks)
    hooks = Hooks(tmp_path / "b")
    hooks.add("ops", type="webhook", url="http://events.example/", format="pagerduty",
              routing_key_file=hooks.secret("key", KEY))
    assert "where others can read it" in faults(hooks)
    hooks = Hooks(tmp_path / "b")
    hooks.add("ops", type="webhook", url="https://events.example/", format="discord")
    assert "one of alertmanager slack teams pagerduty" in faults(hooks)


def test_who_finds_it_too_large_gets_half_of_it_until_it_fits(hooks):
    many = [alert(f"EXCH{i}", condition="at_risk") for i in range(8)]
    with Receiver(first=[(413, {}), (413, {})]) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        (_, outcome, _, text), = hooks.send(notification(*many, alert("WORST", condition="failing")), "ops")
        assert outcome == "delivered", text
        bodies = [json.loads(body) for *_, body in receiver.requests]
    assert [(len(b["alerts"]), b["truncatedAlerts"]) for b in bodies] == [(9, 0), (4, 5), (2, 7)]
    assert bodies[2]["alerts"][0]["labels"]["server"] == "WORST"


def test_who_finds_one_alert_too_large_gets_no_other(hooks):
    with Receiver(status=413) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        (_, outcome, _, text), = hooks.send(notification(*[alert(f"EXCH{i}") for i in range(3)]), "ops")
        assert outcome == "refused" and "413" in text and len(receiver.requests) == 2
