"""Plays Exchange sites over the collector's real HTTP API: the demo, the benchmark, the tests."""
