"""python3 tests/simulator: plays organisation DEMO to a collector. See --help."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from identity import Refused  # noqa: E402
from simulator import catcher, demo, direction, facts, past, soak, trial, week  # noqa: E402
from simulator.play import Play  # noqa: E402
from simulator.send import Sender  # noqa: E402


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="simulator", description="Plays organisation DEMO, 12 servers that together show "
        "every verdict, to a collector over its HTTP API. With `truth` as first word: random fleets whose truth is known.")
    parser.add_argument("--collector", metavar="URL", default="http://127.0.0.1:8285",
                        help="where the collector listens (%(default)s)")
    parser.add_argument("--enroll-secret-file", metavar="FILE",
                        help="the secret with which the servers' agents enrol")
    parser.add_argument("--interval", metavar="S", type=int, default=10,
                        help="seconds between two reports of a server (%(default)s)")
    parser.add_argument("--past", metavar="DAYS", type=int, default=0,
                        help="first play so many days of the past, of reports of that age")
    parser.add_argument("--operator-token-file", metavar="FILE",
                        help="have an operator act, too, and %s fail, and be mended" % direction.HERO)
    parser.add_argument("--catch", metavar="PORT", type=int,
                        help="receive webhooks on that port, mail on the next, and show them on a page")
    parser.add_argument("--once", action="store_true",
                        help="one report per server; exit 0 only if all were accepted")
    parser.add_argument("--print", action="store_true", dest="show",
                        help="print the reports as a JSON array instead of sending them")
    options = parser.parse_args(arguments)
    if not 1 <= options.interval <= 86400:
        parser.error("--interval must be from 1 to 86400 seconds")
    if not 0 <= options.past <= 28:
        parser.error("--past must be from 0 to 28 days")
    return options


def read_secret(path, what):
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        sys.exit(f"simulator: {what} could not be read: {error}")


def enrolment_secret(options):
    if not options.enroll_secret_file:
        sys.exit("simulator: --enroll-secret-file is needed: the collector takes reports only from "
                 "agents that enrolled")
    return read_secret(options.enroll_secret_file, "the enrolment secret")


def send(sender, report, age):
    """True if the collector accepted; otherwise a line on standard error says why not."""
    host = report["host"]["name"]
    try:
        status, answer = sender.post(report, age)
    except (OSError, Refused) as error:
        print(f"simulator: {host}: {error}", file=sys.stderr)
        return False
    if status != 200:
        print(f"simulator: {host}: refused, {status}: {answer}", file=sys.stderr)
    return status == 200


def send_now(play, part, sender):
    return send(sender, *play.report(part, facts.beginning()))


def begin_direction(options, play):
    """True where there is an operator who acts."""
    if not options.operator_token_file:
        return False
    operator = direction.Operator(options.collector, read_secret(options.operator_token_file, "the token"))
    try:
        direction.open_the_stage(operator, [part.server for part in play.parts])
    except OSError as error:
        print(f"simulator: {error}", file=sys.stderr)
    return True


def repeat(play, sender, directed):
    """Sends for ever, the servers spread over the interval. The dead one has sent its last."""
    living = [part for part in play.parts if not part.server.dead_for]
    pause = play.interval / len(living)
    due = time.monotonic() + pause
    while True:
        for part in living:
            time.sleep(max(0, due - time.monotonic()))
            due = max(due, time.monotonic() - play.interval) + pause
            if directed:
                direction.act(play, (facts.beginning() - play.born).total_seconds())
            send_now(play, part, sender)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["truth"]:
        return trial.main(arguments[1:])
    if arguments[:1] == ["soak"]:
        return soak.main(arguments[1:])
    if arguments[:1] == ["week"]:
        return week.main(arguments[1:])
    options = parse(arguments)
    play = Play(demo.servers(), options.interval)
    if options.show:
        reports = [play.report(part, play.born)[0] for part in play.parts]
        print(json.dumps(reports, indent=1))
        return 0
    if options.catch:
        catcher.Catcher(options.catch, options.catch + 1).start()
    sender = Sender(options.collector, enrolment_secret(options))
    for report, age in past.reports(play, options.past):
        send(sender, report, age)
    accepted = sum(send_now(play, part, sender) for part in play.parts)
    print(f"simulator: {accepted} of {len(play.parts)} reports accepted by {options.collector}",
          file=sys.stderr)
    if options.once:
        return 0 if accepted == len(play.parts) else 1
    repeat(play, sender, begin_direction(options, play))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
