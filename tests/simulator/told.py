"""What a receiver of notifications was told, in the order in which it was: incidents as somebody sees them who has nothing
else than what comes in."""

import json
from dataclasses import dataclass, field


@dataclass
class Incident:
    """What was told of one trouble of one server, from its beginning to its end."""

    begins: int  # ms, as the notifications say
    place: tuple  # the key of its group, and its own fingerprint: by these receivers know it again
    ends: int = None
    steps: list = field(default_factory=list)  # (ms that it was told at, condition), None: it is over

    def condition_at(self, ms):
        return next((condition for when, condition in reversed(self.steps) if when <= ms), None)


class Told:
    """`faults` are pairs of a server and words: of messages that contradict each other. Those
    requests whose numbers are in `lost` told of what no store knows any more."""

    def __init__(self, requests, ms_of_text, ms_of_number, lost):
        self.incidents = {}  # (server, "exposure" or "silent"): [Incident]; ("", "surroundings")
        self.faults = []
        self._ms = ms_of_text
        seen, taken = {}, set()
        for number, (_, _, headers, body) in enumerate(requests):
            name, message = headers["webhook-id"], json.loads(body)
            if seen.setdefault(name, message) != message:
                self.faults.append((_servers(message), f"two notifications have the id {name}"))
            elif name not in taken and number not in lost:
                taken.add(name)
                self._take(message, ms_of_number(number))

    def _take(self, message, ms):
        for alert in message["alerts"]:
            labels = alert["labels"]
            condition = labels["condition"]
            of = labels.get("server", ""), kind_of(condition)
            place = message["groupKey"], alert["fingerprint"]
            self._take_alert(of, alert, place, self.incidents.setdefault(of, []), ms)
        firing = any(alert["status"] == "firing" for alert in message["alerts"])
        if firing != (message["status"] == "firing") or message["truncatedAlerts"]:
            self.faults.append((_servers(message), f"a message is {message['status']}, and its alerts are not"))

    def _take_alert(self, of, alert, place, incidents, ms):
        is_open = bool(incidents) and incidents[-1].ends is None
        begins = self._ms(alert["startsAt"])
        if is_open and incidents[-1].begins != begins:
            self.faults.append((of[0], f"one that began at {begins} is told of while another one is open"))
        if not is_open:
            if incidents and begins < incidents[-1].ends:
                self.faults.append((of[0], f"{alert['status']} is told of one that was over"))
            if alert["status"] == "resolved":
                self.faults.append((of[0], "the end of what never began is told"))
            incidents.append(Incident(begins, place))
        if incidents[-1].place != place:
            self.faults.append((of[0], f"what was told as {incidents[-1].place} goes on as {place}"))
        is_over = alert["status"] == "resolved"
        incidents[-1].steps.append((ms, None if is_over else alert["labels"]["condition"]))
        if is_over:
            incidents[-1].ends = self._ms(alert["endsAt"])


def kind_of(condition):
    return condition if condition in ("silent", "surroundings") else "exposure"


def _servers(message):
    return ", ".join(sorted({alert["labels"].get("server", "") for alert in message["alerts"]}))
