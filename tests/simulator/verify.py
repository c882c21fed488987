"""Holds what a collector said of a scenario against what was true: each difference is a Fault."""

from collections import Counter
from dataclasses import dataclass, field

from .scenario import BEGINS
from .told import Told, kind_of
from .troubles import ms_of
from .truth import FRESH_INTERVALS, HARMFUL, Course

EXPOSURE = ("failing", "exposed", "at_risk", "unknown")
BLINK_MS = 1000  # a collector's clock may be so far ahead of the simulation's
EARLY = 2  # intervals that a verdict may be a worse one than is true, while a change becomes known
TOLD_WITHIN = 2  # intervals that a verdict has lasted for, beside the time that its condition is held
GROUP_MS = 30_000  # between two notifications of a group: docs/alerts.md
HOLD_S = {"failing": 0, "exposed": 0, "at_risk": 600, "unknown": 3600}  # docs/alerts.md


@dataclass
class Fault:
    kind: str  # "false" or "missed"
    what: str  # verdict, silence, history, alert, trend, report
    server: str
    ms: int
    text: str

    def line(self, interval):
        return f"{self.kind} {self.what} of {self.server} at {self.ms / interval:.2f} intervals: {self.text}"


@dataclass
class Result:
    faults: list = field(default_factory=list)
    early: list = field(default_factory=list)  # intervals that a harmful verdict was shown that was not true yet, or any more
    delays: list = field(default_factory=list)  # intervals from a change to when its verdict is shown
    starts: list = field(default_factory=list)  # (outcome, host, ms, verdict)
    refused: Counter = field(default_factory=Counter)  # by status; None: the collector was not found, or not trusted
    dropped: int = 0  # by agents whose spool was full


class Verification:
    def __init__(self, stage, watcher):
        self.stage = stage
        self.watcher = watcher
        self.interval = stage.interval
        self.result = Result()
        self.sent = self._sent() | stage.former

    def _sent(self):
        """By the names under which it was sent, in the order in which it came."""
        found = {}
        for agent in self.stage.every_agent:
            found.setdefault(agent.host, []).extend(agent.sent)
        return {name: sorted(sent, key=lambda one: one.taken) for name, sent in found.items()}

    def run(self):
        for name in sorted(self.sent):
            if self.sent[name]:
                self._verdicts(name)
                self._deals(name)
                self._silence(name)
                self._history(name)
                self._alerts(name)
        self._told()
        self._certificate()
        self._reports()
        self._still_report()
        self._trend()
        self._starts()
        return self.result

    def _fault(self, kind, what, server, ms, text):
        self.result.faults.append(Fault(kind, what, server, ms, text))

    def _ms(self, text):
        """When it was, by the simulation's clock."""
        return self.stage.times.of_shown(ms_of(text) - self.stage.born)

    def _is_lost(self, ms):
        """The store of that moment is gone: an earlier one was restored."""
        return any(since <= ms <= until for since, until in self.stage.restored)

    # --- verdicts

    def _settled_since(self, name, ms):
        """When the last change before a moment was over; None: one is on its way."""
        begin = BEGINS * self.interval
        for when, until in self.watcher.unsettled.get(name, []):
            if when <= ms:
                begin = max(begin, until)
        return begin if begin <= ms else None

    def _last_settled(self, name, ms):
        """The last moment before one when nothing was on its way."""
        times = [when for when in self.watcher.looks if when <= ms and self._settled_since(name, when) is not None]
        return times[-1] if times else 0

    def _verdicts(self, name):
        true, shown = self.watcher.true[name], self.watcher.shown.get(name, Course())
        for ms in self.watcher.looks:
            if shown.at(ms) is None or true.at(ms) is None:
                continue
            verdict = shown.at(ms)[0]
            if self._settled_since(name, ms) is not None:
                if verdict != true.at(ms):
                    self._wrong(name, ms, verdict, true.at(ms))
        self._early(name, true, shown)
        self._delays(true, shown)

    def _wrong(self, name, ms, verdict, truth):
        kind = "missed" if truth in HARMFUL and verdict not in HARMFUL else "false"
        self._fault(kind, "verdict", name, ms, f"{verdict} is shown, {truth} is true")

    def _early(self, name, true, shown):
        """Until a change is known the verdict is that of before, or that there is no telling. A worse one is early; one
        that outlasts two intervals in which the server could report is false."""
        begin = None
        for ms in self.watcher.looks:
            verdict = (shown.at(ms) or [None])[0]
            if not self._is_early(name, ms, verdict, true):
                begin = None
                continue
            if begin is None:
                begin = ms
                self.result.early.append(0)
            self.result.early[-1] = (ms - begin) / self.interval
            if self.result.early[-1] > EARLY + self._lost_cycles(name, begin, ms):
                self._fault("false", "verdict", name, ms, f"{verdict} is shown since {begin / self.interval:.2f}, "
                            f"though it was only {sorted(self._may_be(name, ms, true))}")

    def _lost_cycles(self, name, begin, end):
        """Whose report did not come to the collector, and so no new addresses to the agent."""
        return sum(begin <= ms <= end for agent in self.stage.every_agent if agent.host == name
                   for ms, *_ in agent.refused)

    def _may_be(self, name, ms, true):
        may_be = true.between(self._last_settled(name, ms), ms) - {None} | {"unknown"}
        return may_be | ({"at_risk"} if "exposed" in may_be else set())

    def _is_early(self, name, ms, verdict, true):
        return verdict in HARMFUL and true.at(ms) is not None and self._settled_since(name, ms) is None and \
            verdict not in self._may_be(name, ms, true)

    def _delays(self, true, shown):
        for (_, before), (ms, verdict) in zip(true.steps, true.steps[1:]):
            if before is None or verdict is None or ms < BEGINS * self.interval:
                continue
            end = next((when for when, _ in true.steps if when > ms), self.watcher.end + 1)
            seen = next((when for when in self.watcher.looks
                         if ms <= when < end and (shown.at(when) or [None])[0] == verdict), None)
            if seen is not None:
                self.result.delays.append((seen - ms) / self.interval)

    def _deals(self, name):
        """Nobody is dealt a server that is not of its site, or not any more."""
        dealt, members = self.watcher.dealt.get(name, Course()), self.watcher.members.get(name, Course())
        for ms in self.watcher.looks:
            strangers = (dealt.at(ms) or set()) - (members.at(ms) or set())
            if strangers and self._settled_since(name, ms) is not None:
                self._fault("false", "deal", name, ms, f"{sorted(strangers)} are dealt")

    # --- silence

    def _silent_changes(self, name):
        """(ms, silent), by the reports that were taken, and when: by the collector's clock, which is all that it has."""
        changes, last, silent = [], None, False
        limit, times = FRESH_INTERVALS * self.interval, self.stage.times
        for sent in self._latest(name):
            taken = times.shown_at(sent.taken)
            if last is not None and not silent and taken - last >= limit:
                silent = True
                changes.append((times.of_shown(last + limit), True))
            last = taken - (sent.taken - sent.at)
            if silent and taken - last < limit:
                silent = False
                changes.append((sent.taken, False))
        if not silent and times.shown_at(self.watcher.end) - last >= limit:
            changes.append((times.of_shown(last + limit), True))
        return changes

    def _latest(self, name):
        """The reports that were the latest one when they came: what lay in a spool comes the newest first."""
        found = []
        for sent in self.sent[name]:
            if not found or sent.at > found[-1].at:
                found.append(sent)
        return found

    def _silence(self, name):
        true, shown = Course([(0, False)]), self.watcher.shown.get(name, Course())
        for ms, silent in self._silent_changes(name):
            true.note(ms, silent)
        # What time has brought is committed beside the looks that come next.
        for ms in self.watcher.looks:
            if self.stage.is_deaf_at(ms):
                continue
            if shown.at(ms) and shown.at(ms)[1] not in true.between(ms - self.interval, ms):
                self._fault("false" if shown.at(ms)[1] else "missed", "silence", name, ms, f"silent: {shown.at(ms)[1]}")

    # --- history

    def _history(self, name):
        changes = self.stage.get(f"/v1/servers/{name}/history?limit=1000")["changes"][::-1]
        told = {}
        for change in changes:
            told.setdefault(change["kind"], []).append(change)
        self._verdict_history(name, told.get("verdict", []))
        bodies = [sent.body for sent in self._latest(name)]
        for kind, look in (("adapters", _adapters), ("files", _files), ("mta", lambda body: body["mta"]["service"])):
            expected = sum(look(a) != look(b) for a, b in zip(bodies, bodies[1:]))
            found = [change for change in told.get(kind, []) if kind != "mta" or "before" in change["detail"]]
            self._count(kind, name, expected, len(found))
        silent = [change["detail"]["silent"] for change in told.get("silent", [])]
        changes = self._silent_changes(name)
        if silent != [is_silent for _, is_silent in _without_moments(changes)]:
            self._count("silent", name, [is_silent for _, is_silent in changes], silent)

    def _count(self, kind, name, expected, found):
        if expected != found:
            self._fault("missed" if str(expected) > str(found) else "false", "history", name, self.watcher.end,
                        f"{kind}: {expected} changes, {found} are told")

    def _verdict_history(self, name, changes):
        verdicts = [change["detail"]["after"] for change in changes]
        before = [change["detail"]["before"] for change in changes]
        if before != [None, *verdicts[:-1]]:
            self._fault("false", "history", name, self.watcher.end, f"{before} are before {verdicts}")
        if any(sent.at != sent.taken for sent in self.sent[name]):
            return
        course = Course()
        for change in changes:
            course.note(self._ms(change["at"]), change["detail"]["after"])
        for ms in self.watcher.looks:
            shown = self.watcher.shown[name].at(ms)
            if shown and shown[0] not in course.between(ms - 1, ms + BLINK_MS):
                self._fault("missed", "history", name, ms, f"{shown[0]} was shown, the history has {course.at(ms)}")

    # --- alerts

    def _alerts(self, name):
        alerts = self.stage.pages(f"/v1/alerts?server={name}&limit=1000", "alerts")
        alerts = [alert for alert in alerts if alert["state"] != "pending"]
        of_exposure = [alert for alert in alerts if alert["worst"] in EXPOSURE]
        of_silence = [alert for alert in alerts if alert["worst"] == "silent"]
        self._incidents(name, of_exposure)
        self._exposure(name, of_exposure)
        self._silence_alerts(name, of_silence)

    def _span(self, alert):
        end = alert["resolved_at"]
        return self._ms(alert["fired_at"]), self._ms(end) if end else self.watcher.end + 1

    def _incidents(self, name, alerts):
        """One at a time, for as long as there is something."""
        spans = sorted(self._span(alert) for alert in alerts)
        for (_, end), (begin, _) in zip(spans, spans[1:]):
            if begin < end:
                self._fault("false", "alert", name, begin, "two incidents at once")
        shown = self.watcher.shown[name]
        for alert in alerts:
            begin, end = self._span(alert)
            near = {value[0] for value in shown.between(begin - self.interval, begin + self.interval) if value}
            if not near & set(EXPOSURE):
                self._fault("false", "alert", name, begin, f"{alert['opened_as']} fires while {near} is shown")
            # The report that ends a quiet time may come in the moment that it was to last for.
            at_end = [value[0] for value in (shown.at(end - 1), shown.at(end)) if value]
            if alert["resolved_at"] and at_end and all(verdict in HARMFUL for verdict in at_end):
                self._fault("false", "alert", name, end, f"it is over while {at_end[-1]} is shown")

    def _exposure(self, name, alerts):
        """What was shown for longer than its condition is held is told."""
        shown = self.watcher.shown[name]
        for ms in self.watcher.looks:
            verdict = (shown.at(ms) or [None])[0]
            if self.stage.is_deaf_at(ms, self.interval):  # nothing is told meanwhile
                continue
            if verdict in EXPOSURE and ms - self._since(shown, ms) > HOLD_S[verdict] * 1000 + self.interval:
                firing = [alert for alert in alerts if self._span(alert)[0] <= ms < self._span(alert)[1]]
                if len(firing) != 1:
                    self._fault("missed", "alert", name, ms, f"{verdict} is shown, {len(firing)} incidents fire")
        if (last := shown.at(self.watcher.end)) and last[0] in ("failing", "exposed"):
            firing = [alert["condition"] for alert in alerts if alert["state"] == "firing"]
            if firing != [last[0]]:
                self._fault("false", "alert", name, self.watcher.end, f"{last[0]} is shown, {firing} fires")

    @staticmethod
    def _since(shown, ms):
        """Since when the verdict is what it is then."""
        now, since = shown.at(ms), None
        for when, value in shown.steps:
            if when <= ms:
                since = (since if since is not None else when) if value[0] == now[0] else None
        return since

    def _heard_of(self, changes):
        """Since when each silence counts: not before the collector, once it was started, could have heard."""
        heard = []
        unheard = sorted([*((kill, kill) for kill in self.stage.kills), *self.stage.restored, *self.stage.deaf],
                         key=lambda span: span[1])
        ends = [ms for ms, silent in changes if not silent] + [self.watcher.end + 1]
        for begin, end in zip([ms for ms, silent in changes if silent], ends):
            limit, from_ms = FRESH_INTERVALS * self.interval, begin
            for since, until in unheard:
                if until <= begin or since < from_ms:  # what counted then is not known any more
                    from_ms = max(from_ms, until + limit)
            if from_ms <= end:
                heard.append(from_ms)
        return heard

    def _silence_alerts(self, name, alerts):
        changes = self._silent_changes(name)
        spans = sorted(self._span(alert) for alert in alerts)
        begins = self._heard_of(changes)
        if len(begins) != len(spans):
            self._fault("missed" if len(spans) < len(begins) else "false", "alert", name, self.watcher.end,
                        f"silent {len(begins)} times, {len(spans)} alerts")
        for begin, (fired, _) in zip(begins, spans):
            if not begin <= fired <= begin + self.interval:
                self._fault("false", "alert", name, fired, f"silent since {begin / self.interval:.2f}")

    # --- notifications

    def _told(self):
        """What a receiver was told is what there was: every incident, from its beginning to its end, in that order."""
        told = Told(self.stage.receiver.requests, self._ms, self.stage.came_at, self.stage.lost_requests)
        for server, text in told.faults:
            self._fault("false", "notification", server, self.watcher.end, text)
        known = {}
        for alert in self.stage.pages("/v1/alerts?limit=1000", "alerts"):
            if alert["state"] != "pending":
                end = alert["resolved_at"]
                known.setdefault((alert["server"] or "", kind_of(alert["worst"])), []).append(
                    (self._ms(alert["fired_at"]), self._ms(end) if end else None))
        wide = [(incident.begins, incident.ends) for (_, kind), incidents in told.incidents.items()
                for incident in incidents if kind == "surroundings"]
        for of in sorted({*known, *told.incidents}):
            found = [(incident.begins, incident.ends) for incident in told.incidents.get(of, [])]
            self._spans(of, sorted(known.get(of, [])), found, wide if of[1] == "silent" else [])
        for name in self.sent:
            self._told_truth(name, told.incidents.get((name, "exposure"), []))

    def _spans(self, of, known, told, wide):
        """`wide`: what is within these is told as a part of them. Nobody hears of what is over before its group is told of
        again."""
        missing = [span for span in known if span not in told and not _is_short(span)
                   and not any(_is_within(span, other) for other in wide)]
        more = [span for span in told if span not in known]
        if missing or more or told != sorted(told):
            self._fault("missed" if missing else "false", "notification", of[0], self.watcher.end,
                        f"{of[1]}: {told} were told, {known} were")

    def _told_truth(self, name, incidents):
        """Whoever hears nothing else knows the truth, once it has been the same for as long as it takes."""
        true = self.watcher.true[name]
        for ms in self.watcher.looks:
            settled = self._settled_since(name, ms)
            verdict = true.at(ms)
            if settled is None or verdict is None:
                continue
            told = {incident.condition_at(ms) for incident in incidents} - {None}
            wait = (max(HOLD_S[condition] for condition in told | ({verdict} & set(HOLD_S)) or {"failing"})
                    * 1000 + TOLD_WITHIN * self.interval)
            if true.between(max(settled, ms - wait), ms) != {verdict} or ms - settled < wait:
                continue
            if verdict in HARMFUL and told != {verdict}:
                self._fault("missed", "notification", name, ms, f"{verdict} is true, {sorted(told)} is told")
            if verdict not in EXPOSURE and told:
                self._fault("false", "notification", name, ms, f"{sorted(told)} is told, {verdict} is true")

    # --- the rest

    def _reports(self):
        stored = self.stage.stored_reports()
        for name, all_sent in self.sent.items():
            for sent in all_sent:
                if (sent.epoch, sent.body["sequence"]) not in stored:
                    self._fault("missed", "report", name, sent.taken, "a report that was taken is not stored")

    def _still_report(self):
        """Whoever can has sent all that it had."""
        for agent in self.stage.every_agent:
            self.result.refused.update(status for _, status, *_ in agent.refused)
            self.result.dropped += agent.dropped
            if not (agent.running and self.stage.can_report(agent.machine) and self.stage.is_listening()):
                continue
            if agent.spool or self.stage.now - agent.latest > 2 * self.interval:
                self._fault("missed", "report", agent.host, self.watcher.end,
                            f"{len(agent.spool)} reports are spooled still, the last one was taken of "
                            f"{agent.latest / self.interval:.2f}")

    def _certificate(self):
        """That it has ended is told, once, and that it was renewed."""
        alerts = [alert for alert in self.stage.pages("/v1/alerts?limit=1000", "alerts") if alert["worst"] == "certificate"]
        found = [self._ms(alert["fired_at"]) for alert in sorted(alerts, key=lambda alert: alert["fired_at"])]
        was_over = [span for span in self.stage.was_over if not self._is_lost(span[0])]
        if len(found) != len(was_over) or any(not begin <= fired <= end for (begin, end), fired in zip(was_over, found)):
            self._fault("missed" if len(found) < len(was_over) else "false", "alert", "", self.watcher.end,
                        f"the certificate was over {was_over}, {found} are told")

    def _trend(self):
        trend = self.stage.get("/v1/trend")
        changing = [when for name in self.sent if self.sent[name] for when, _ in self._silent_changes(name)]
        for place, text in enumerate(trend["at"]):
            ms = self._ms(text)
            # Who reports in the moment in which it falls silent may be either.
            if self._is_lost(ms) or any(abs(when - ms) <= BLINK_MS for when in changing):
                continue
            looks = self._around(ms)
            counts = {name: numbers[place] for name, numbers in trend["counts"].items()}
            near = [self._counts(when) for when in looks]
            is_steady = near and all(count == near[0] for count in near)
            if is_steady and any(counts.get(key) != n for key, n in near[0].items()):
                self._fault("false", "trend", "all", ms, f"{counts}, where {near[-1]} was shown")

    def _around(self, ms):
        """The looks at a moment, the last one before it and the first one after it."""
        looks = self.watcher.looks
        return [when for before, when, after in zip([0, *looks], looks, [*looks[1:], self.watcher.end])
                if before <= ms + BLINK_MS and after >= ms - BLINK_MS]

    def _counts(self, ms):
        shown = [value for course in self.watcher.shown.values() if (value := course.at(ms))]
        counts = {"total": len(shown), "silent": sum(silent for _, silent in shown)}
        for verdict, silent in shown:
            counts[verdict] = counts.get(verdict, 0) + (verdict in HARMFUL + ("unknown",) or not silent)
        return counts

    def _starts(self):
        """Does the verdict predict?"""
        for ms, host, verdict, began in self.stage.starts:
            is_known = self._settled_since(host, ms) is not None
            if not began and verdict not in ("failing", "exposed", "unknown"):
                outcome = "missed" if is_known else "failed before a report could tell"
            elif began and verdict in ("exposed",):
                outcome = "started though exposed" if is_known else "started, mended before a report could tell"
            else:
                outcome = "started" if began else "failed as foretold"
            self.result.starts.append((outcome, host, ms, verdict))
            if outcome == "missed":
                self._fault("missed", "start", host, ms, f"the MTA failed to start while {verdict} was shown")


def _without_moments(changes):
    """Who reports in the very moment in which it falls silent may be seen to do either first."""
    moments = {a for (a, silent), (b, _) in zip(changes, changes[1:]) if silent and a == b}
    return [change for change in changes if change[0] not in moments]


def _is_short(span):
    begin, end = span
    return end is not None and end - begin < GROUP_MS


def _is_within(span, other):
    (begin, end), (first, last) = span, other
    return begin >= first and (last is None or (end is not None and end <= last))


def _adapters(body):
    return sorted((a["id"], a["enabled"], a["link"], *a["addresses"]) for a in body["adapters"])


def _files(body):
    return [(file["name"], file["state"], file.get("version")) for file in body["files"]]
