"""What goes wrong with a stage's collector and comes right again: its disk is full, its certificate ends, it moves to
another machine, its clock is set; and machines that have a name that another one has.

Agents meet each of these as real ones do: by a connection that fails, a certificate that they do not trust, an answer
that is no acknowledgement."""

import bisect
import errno
import json
import signal
import ssl
from dataclasses import replace
from datetime import datetime

from waiting import until

from .collector import BUILD
from .line import Line
from .physics import Wire

WRONG_CLOCK = BUILD / "tests/integration/libwrong_clock.so"
LONG_AGO_S = 1000 * 86400  # a certificate that was made then has ended
RETRIES_MS = 1000          # until what became of a notification is stored again, if it could not be
LEFT_OUT_MS = 60_000       # a step of the clock that is longer is a time without reports (collector/base/clock.h)
RESUMES_WITHIN_S = 120     # a collector whose disk has room again tries anew each half minute


class Times:
    """The collector's clock beside the simulation's. They are one until somebody sets the collector's."""

    def __init__(self):
        self.seen = []  # (the simulation's, the collector's), ms

    def note(self, ms, shown):
        if not self.seen or self.seen[-1] != (ms, shown):
            self.seen.append((ms, shown))

    def shown_at(self, ms):
        return self._along(ms, self.seen)

    def of_shown(self, shown):
        return self._along(shown, [(b, a) for a, b in self.seen])

    @staticmethod
    def _along(at, steps):
        place = bisect.bisect_right(steps, at, key=lambda step: step[0])
        if place == 0:
            return at
        (begin, value), end = steps[place - 1], steps[place:place + 1]
        if not end:
            return value + at - begin
        return value + round((at - begin) * (end[0][1] - value) / (end[0][0] - begin))


class Troubles:
    """A part of the Stage."""

    is_full = False  # the disk
    is_over = False  # the certificate
    is_away = False
    since = 0        # the disk is full, or it is away
    was_over = ()    # (from, to) the certificate was
    moves = 0
    deaf = ()        # (from, to): the collector could take nothing meanwhile

    def begin_without(self):
        self.doubles = {}      # agents, by the name of the machine from whose disk they run
        self.every_agent = []  # that there ever was, doubles too
        self.times = Times()

    @property
    def address(self):
        return self.line.address, self.line.port

    def finds_collector(self, agent):
        """Does the agent reach the collector, by the address that it has, and trust it? Whoever does goes on doing so until
        something is done about that; whoever does not looks the address up anew."""
        may = not self.is_away and not self.is_over and (agent.knows is None or agent.knows == self.address)
        if may and not agent.is_to_look:
            return True
        line = Line(None, self.trust, self.token, self.line.patience)
        line.address, line.port = agent.knows or self.address
        try:
            status, _ = line.call("GET", "/livez")
            assert may, f"{agent.host} reached what it should not have reached: {status}"
        except OSError:
            agent.refused.append((self.now, None))
            agent.knows = None
            return False
        finally:
            line.close()
        agent.is_to_look = False
        return True

    def _all_are_to_look(self):
        for agent in self.every_agent:
            agent.is_to_look = True

    def can_happen(self, event, machine):
        """A disk that is full, or a collector that is not there, is mended before anything else is done to it. Of two
        machines of one name both would have to be changed."""
        if event["do"] in ("kill_collector", "backup", "restore"):
            return not self.is_full and not self.is_away
        return not (event["do"] in ("rename", "move_site", "clone") and machine.host in self.doubles)

    def is_deaf_at(self, ms, rest=0):
        return any(since <= ms <= until + rest for since, until in self.deaf)

    def _hears_again(self):
        self.deaf = (*self.deaf, (self.since, self.now))
        self.kills.append(self.now)

    # --- its disk

    def do_fill_disk(self, *_):
        if not self.is_full and not self.is_away:
            self.is_full, self.since = True, self.now
            flag = self.folder / "full"
            flag.with_suffix(".new").write_text(str(errno.ENOSPC))
            flag.with_suffix(".new").rename(flag)

    def do_free_disk(self, *_):
        if self.is_full:
            self.is_full = False
            (self.folder / "full").unlink()
            begin = self.now
            self.pass_until(lambda: self.now > begin + RETRIES_MS and self.call("GET", "/readyz")[0] == 200,
                            RESUMES_WITHIN_S)
            self._hears_again()

    # --- its certificate

    def _certify(self, **environment):
        for name in ("server.crt", "server.key"):
            (self.data / name).unlink()
        self.run_program("init", "--data", self.data, "--host", "127.0.0.1", **environment)
        self._all_are_to_look()
        if self.process:
            self.process.send_signal(signal.SIGHUP)
            until(self._certificate_is_shown, self.log)

    def _certificate_is_shown(self):
        shown = ssl.get_server_certificate(self.address)
        return shown.strip() in (self.data / "server.crt").read_text()

    def do_expire(self, *_):
        if not self.is_over:
            made = self.folder / "made"
            made.write_text(str(-LONG_AGO_S))
            self._certify(LD_PRELOAD=str(WRONG_CLOCK), WRONG_CLOCK=str(made))
            self.is_over, self.over_since = True, self.now

    def do_renew(self, *_):
        if self.is_over:
            self._certify()
            self.is_over = False
            self.was_over = (*self.was_over, (self.over_since, self.now))

    # --- its address

    def do_stop_collector(self, *_):
        if not self.is_away and not self.is_full:
            self.wait_for_deliveries()
            self.end(signal.SIGTERM)
            self.is_away, self.since = True, self.now

    def do_start_elsewhere(self, *_):
        """With all that it had. Agents and it know no more of each other than a name."""
        if self.is_away:
            self._all_are_to_look()
            for agent in self.every_agent:
                agent.knows = agent.knows or self.address
            self.moves += 1
            data, self.data = self.data, self.folder / f"data of machine {self.moves + 1}"
            data.rename(self.data)
            self.line.address = f"127.0.0.{self.moves + 1}"
            self.is_away = False
            self.start()
            self._hears_again()

    # --- its clock

    def do_set_clock(self, _, event):
        if self.is_away or self.is_full:
            return
        self.note_time()
        self.clock.set_off(event["off_s"] * 1000)
        self.turn_over()
        before = self.times.seen[-1][1]
        self.note_time()
        if self.times.seen[-1][1] > before + LEFT_OUT_MS:  # it hears anew, as after any time without reports
            self.kills.append(self.now)

    def note_time(self):
        self.times.note(self.now, ms_of(self.get("/v1/servers?limit=1")["as_of"]) - self.born)

    def mend(self):
        """What nobody has mended at the end, so that it can be asked."""
        self.do_start_elsewhere()
        self.do_free_disk()

    # --- two of one name

    def do_namesake(self, machine, _):
        """Another machine of that name asks to be let in, and is not; who looks at the server sees it."""
        if self.is_away or self.is_full or not self.agent_of(machine).sent:
            return
        body = json.dumps({"secret": self.secret, "host": machine.host, "key": "ab" * 32})
        status, text = self.call("POST", "/v1/enroll", body)
        assert (status, json.loads(text).get("code")) == (409, "host_enrolled"), text
        assert self.get(f"/v1/servers/{machine.host}")["refused"]["code"] == "host_enrolled"

    def do_double(self, machine, _):
        """The machine's disk, with the agent and its key, runs in another machine, too, on a wire where nobody else is."""
        agent = self.agent_of(machine)
        if agent.identity and machine.host not in self.doubles:
            self.world.wires.setdefault("nowhere", Wire("nowhere", "0.0.0.0/0"))
            adapters = [replace(adapter, wire="nowhere", filters={}) for adapter in machine.adapters]
            copy = replace(machine, adapters=adapters, starts=list(machine.starts), up=True)
            self.doubles[machine.host] = agent.of_image(copy, self.now + 1000)
            self.doubles[machine.host].identity = agent.identity
            self.every_agent.append(self.doubles[machine.host])
            self._schedule(self.doubles[machine.host])

    def do_end_double(self, machine, _):
        if machine.host in self.doubles:
            self.doubles.pop(machine.host).running = False


def ms_of(text):
    """Of a time as the collector tells it, since 1970."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
