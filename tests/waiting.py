"""How tests wait: for a condition, for as long as a sanitized program on a busy machine may take."""

import time


def until(condition, what="what was waited for", seconds=60):
    """What the condition is once it is true of something; `what` or what() says what did not come."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.02)
    return found
