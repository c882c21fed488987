"""Tables that have to agree: what stands in a row of the code's table must stand wherever people read of
it. Each failure names the place that is missing."""

import re

from running import ROOT


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def conditions():
    """(name, key, scope) of each row of the table of conditions."""
    rows = re.findall(r'^X\(\w+, "(\w+)", "([\w-]+)", (\w+),',
                      text("collector/model/conditions.def"), re.MULTILINE)
    assert len(rows) >= 8
    return rows


def missing(what, names, place, words):
    """Fails with the names that do not stand in `place` as `words(name)`."""
    content = text(place)
    lacking = [name for name in names if words(name) not in content]
    assert not lacking, f"{place} lacks the {what} {', '.join(lacking)}: {words(lacking[0])}"


def test_a_condition_is_explained_in_the_readme():
    missing("condition", [name for name, _, _ in conditions()], "README.md",
            lambda name: f"| `{name}` | {owner(name)} |")


def owner(name):
    scope = {condition: scope for condition, _, scope in conditions()}[name]
    return {"SERVER": "a server", "COLLECTOR": "the collector"}[scope]


def test_the_hold_of_a_condition_is_in_the_example_configuration():
    missing("key", [key for _, key, _ in conditions()], "collector/deploy/sections.conf",
            lambda key: f"#{key} = ")


def test_the_dashboard_has_a_word_for_each_condition():
    missing("condition", [name for name, _, scope in conditions() if scope == "SERVER"],
            "dashboard/words.js", lambda name: f"  {name}: {{" if name != "silent" else "SILENT = {")
    ills = re.search(r"const ILLS = {(.*?)}", text("dashboard/words.js"), re.DOTALL).group(1)
    lacking = [name for name, _, scope in conditions() if scope == "COLLECTOR" and f"{name}:" not in ills]
    assert not lacking, f"dashboard/words.js, ILLS, lacks {lacking}"
