"""An Exchange site in network namespaces, for tests and for looking at it (scripts/run --lab).

Import it as the package `lab` with tests/ on the path; pytest does so by itself.
"""
