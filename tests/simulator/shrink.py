"""Makes a scenario that fails as small as it can be and fail still: events, machines and adapters are left out."""

from dataclasses import replace


def fails_alike(play, result):
    """Does a scenario have one of the same faults?"""
    wanted = {(fault.kind, fault.what) for fault in result.faults}

    def fails(one):
        try:
            return any((fault.kind, fault.what) in wanted for fault in play(one).faults)
        except (AssertionError, OSError):
            return False
    return fails


def smallest(one, fails):
    """By delta debugging: halves first, then quarters, down to single ones."""
    one = replace(one, events=minimal(one.events, lambda events: fails(replace(one, events=events))))
    one = replace(one, machines=minimal(one.machines, lambda machines: fails(replace(one, machines=machines))))
    for place in range(len(one.machines)):
        one = replace(one, machines=_fewer_adapters(one, place, fails))
    return replace(one, wires=minimal(one.wires, lambda wires: _is_wired(one, wires) and fails(replace(one, wires=wires))))


def minimal(items, fails):
    size = len(items)
    while size >= 1:
        place = 0
        while place < len(items):
            fewer = items[:place] + items[place + size:]
            if fails(fewer):
                items = fewer
            else:
                place += size
        size //= 2
    return items


def _fewer_adapters(one, place, fails):
    def with_adapters(adapters):
        return [*one.machines[:place], one.machines[place] | {"adapters": adapters}, *one.machines[place + 1:]]
    adapters = minimal(one.machines[place]["adapters"],
                       lambda fewer: bool(fewer) and fails(replace(one, machines=with_adapters(fewer))))
    return with_adapters(adapters)


def _is_wired(one, wires):
    names = {wire["name"] for wire in wires}
    return all(adapter["wire"] in names for machine in one.machines for adapter in machine["adapters"])
