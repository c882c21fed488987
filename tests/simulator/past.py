"""The weeks before a world's start: its servers as they were, reporting then."""

from dataclasses import replace
from datetime import timedelta

from .facts import mta_running, report
from .world import DAY

INTERVAL = DAY // 8  # seconds between two reports of a server


def was(server, ago):
    """The server `ago` seconds before the world's start, as of a world that starts then; None: it
    was not there yet."""
    for until, earlier in server.before:
        if ago > until:
            server = replace(server, **earlier)
    adapters = [replace(adapter, changed_ago=adapter.changed_ago - ago)
                for adapter in server.adapters if adapter.changed_ago > ago]
    if not adapters:
        return None
    booted_ago = server.booted_ago if server.booted_ago > ago else 41 * DAY
    return replace(server, adapters=adapters, booted_ago=booted_ago - ago,
                   mta_changed_ago=max(server.mta_changed_ago - ago, 0) or 40 * DAY - ago,
                   mta=_mta(server, ago), dead_for=max(server.dead_for - ago, 0), before=[])


def _mta(server, ago):
    starts = [dict(start, ago=start["ago"] - ago) for start in server.mta["starts"] if start["ago"] > ago]
    if len(starts) == len(server.mta["starts"]):
        return dict(server.mta, starts=starts)
    return mta_running(starts[0]["ago"] if starts else 40 * DAY)


def reports(play, days):
    """(report, age in seconds) of all of a play, the oldest first."""
    for ago in range(days * DAY, 0, -INTERVAL):
        now = play.born - timedelta(seconds=ago)
        for part, server, peers in _cast(play, ago):
            part.sequence += 1
            yield report(server, peers, born=now, now=now, epoch=part.epoch, sequence=part.sequence,
                         interval=INTERVAL), ago


def _cast(play, ago):
    """(part, server, peers) of those who reported then."""
    then = {id(part.server): was(part.server, ago) for part in play.parts}
    for part in play.parts:
        server = then[id(part.server)]
        if server and not server.dead_for:
            yield part, server, [then[id(peer)] for peer in part.peers if then[id(peer)]]
