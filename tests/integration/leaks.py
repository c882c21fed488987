"""Which programs AddressSanitizer searches for leaks when they end.

A search takes as long as all else that a short program does, and the tests run thousands of them: here
only those that run on are searched, besides all unit tests."""

import os


def search_nothing():
    """For all programs from here on, unless the environment has options of its own."""
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")


def searched_for_leaks(environment=None):
    """The environment, with these variables, of a program that is searched."""
    whole = {**os.environ, **(environment or {})}
    return {**whole, "ASAN_OPTIONS": f"{whole.get('ASAN_OPTIONS', '')}:detect_leaks=1"}
