"""Tables that have to agree: what stands in a row of the code's table must stand wherever people read of
it. Each failure names the place that is missing."""

import re
import subprocess

import pytest
from running import PROGRAM, ROOT

AGENT = PROGRAM.parents[1] / "agent/mtawatch-agent"


def text(path):
    """Of a file, or of all documents."""
    files = [ROOT / path] if path != "docs" else [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    return "".join(file.read_text(encoding="utf-8") for file in files)


def conditions():
    """(name, key, scope) of each row of the table of conditions."""
    rows = re.findall(r'^X\(\w+, "(\w+)", "[^"]+", \w+, "([\w-]+)", (\w+),',
                      text("collector/model/conditions.def"), re.MULTILINE)
    assert len(rows) >= 8
    return rows


def missing(what, names, place, words):
    """Fails with the names that do not stand in `place` as `words(name)`, not merely as the begin of a longer one."""
    content = text(place)
    end = r"(?:(?<!\w)|(?![\w-]))"
    lacking = [name for name in names if not re.search(re.escape(words(name)) + end, content)]
    assert not lacking, f"{place} lacks the {what} {', '.join(lacking)}: {words(lacking[0])}"


def test_a_condition_is_explained():
    missing("condition", [name for name, _, _ in conditions()], "docs/alerts.md",
            lambda name: f"| `{name}` | {owner(name)} |")


def owner(name):
    scope = {condition: scope for condition, _, scope in conditions()}[name]
    return {"SERVER": "a server", "PLACE": "a site, or all", "COLLECTOR": "the collector"}[scope]


def test_the_hold_of_a_condition_is_in_the_example_configuration():
    missing("key", [key for _, key, _ in conditions()], "collector/deploy/sections.conf",
            lambda key: f"#{key} = ")


def test_the_dashboard_has_a_word_for_each_condition():
    missing("condition", [name for name, _, scope in conditions() if scope == "SERVER"],
            "dashboard/words.js", lambda name: f"  {name}: {{" if name != "silent" else "SILENT = {")
    ills = re.search(r"const SELF_CONDITIONS = {(.*?)}", text("dashboard/words.js"), re.DOTALL).group(1)
    lacking = [name for name, _, scope in conditions() if scope != "SERVER" and f"{name}:" not in ills]
    assert not lacking, f"dashboard/words.js, SELF_CONDITIONS, lacks {lacking}"


def words_of_conditions():
    """{name: word} of each condition, worst first."""
    found = dict(re.findall(r'^X\(\w+, "(\w+)", "([^"]+)", ', text("collector/model/conditions.def"), re.MULTILINE))
    assert len(found) == len(conditions())
    return found


def test_the_dashboard_orders_conditions_as_everything_else_does():
    order = re.search(r"export const CONDITIONS = \[(.*?)\]", text("dashboard/words.js"), re.DOTALL)[1]
    assert re.findall(r'"(\w+)"', order) == list(words_of_conditions())


def test_conditions_have_one_word_everywhere():
    words, page = words_of_conditions(), text("dashboard/words.js")
    for _, (name, _), (word, _), _ in shared("proto/exposure/verdicts.def"):
        assert words.get(name, word) == word, f"conditions.def calls {name} {words[name]}, verdicts.def {word}"
    for name, _, scope in conditions():
        wanted = f'{name}: "{words[name].capitalize()}"' if scope != "SERVER" else f'word: "{words[name].capitalize()}"'
        assert wanted in page, f"dashboard/words.js: {name} is not {wanted}"


def shared(path):
    """(symbol, texts ...) of each row X(SYMBOL, ...) of a table of words."""
    rows = re.findall(r"^X\((\w+), ([^)]*)\)", text(path).replace(",\n  ", ", "), re.MULTILINE)
    assert len(rows) > 6
    return [(symbol, *re.findall(r'"([^"]*)"|(?<=, )(NULL)', rest)) for symbol, rest in rows]


def test_the_dashboard_says_the_verdicts_as_everything_else_does():
    for _, (name, _), (word, _), (meaning, _) in shared("proto/exposure/verdicts.def"):
        wanted = f'  {name}: {{\n    word: "{word.capitalize()}",\n    meaning: "{meaning}",\n'
        assert wanted in text("dashboard/words.js"), f"dashboard/words.js lacks the verdict {name}: {word}, {meaning}"


def test_a_verdict_is_explained_in_the_readme():
    missing("verdict", [word for _, _, (word, _), _ in shared("proto/exposure/verdicts.def")], "README.md",
            lambda word: f"\n| {word} | ")


def test_the_dashboard_says_what_ended_a_probe_as_everything_else_does():
    page = text("dashboard/words.js")
    nowhere = dict(re.findall(r'^  (\w+): "(.*)",$', re.search(r"const PROBE_FAILURES = {(.*?)^}", page, re.DOTALL | re.MULTILINE)[1],
                              re.MULTILINE))
    for symbol, (word, _), (at_none, _) in shared("proto/report/probe_words.def"):
        name = symbol.lower()
        assert nowhere.pop(name, "") == at_none, f"dashboard/words.js, PROBE_FAILURES: {name} is not \"{at_none}\""
        said = re.search(r'error === "(\w+)" \? "(.*?)" :', page)
        assert word == (said[2] if said[1] == name else name.replace("_", " ")), f"errorWords: {name} is not \"{word}\""
    assert not nowhere, f"dashboard/words.js, PROBE_FAILURES, knows more: {nowhere}"


def test_the_dashboard_says_how_far_a_probe_got_as_everything_else_does():
    grades = re.findall(r'\[GRADE_(\w+)\] = "(.*)"', text("proto/report/probe_words.c"))
    assert len(grades) == 5
    missing("grade", [f'{name.lower()}: "{words}"' for name, words in grades], "dashboard/words.js", lambda row: f"  {row},")


def test_the_dashboard_names_an_address_without_dhcp_as_the_rule_does():
    words = re.search(r'#define NO_DHCP_ANSWER "(.*)"', text("proto/exposure/internal.h"))[1]
    missing("words", ["NO_DHCP_ANSWER"], "dashboard/words.js", lambda _: f'"{words}"')


def test_the_words_of_a_reason_are_the_rules_alone():
    codes = {code for path in ("reasons", "missing", "notes")
             for code in re.findall(r'reason_add\(\s*x, list, "(\w+)"', text(f"proto/exposure/{path}.c"))}
    assert len(codes) > 20
    for page in (ROOT / "dashboard").glob("*.js"):
        named = [code for code in codes if re.search(rf"\b{code}\b", page.read_text(encoding="utf-8"))]
        assert not named, f"{page.name} has words of its own for {named}"


def test_a_type_of_hook_is_explained_and_shown():
    types = re.findall(r"^X\(\w+, (\w+)\)", text("collector/hooks/types.def"), re.MULTILINE)
    assert len(types) >= 5
    missing("type", types, "docs/hooks.md", lambda name: f"| `{name}` | ")
    missing("type", types, "collector/deploy/sections.conf", lambda name: f"type = {name}")


def keys_of(path):
    keys = re.findall(r'VALUE\("([a-z-]+)"', text(path))
    assert len(keys) > 8
    return sorted(set(keys))


@pytest.mark.parametrize("table, page", [("collector/hooks/keys.c", "docs/hooks.md"),
                                         ("collector/alerts/policy.c", "docs/alerts.md")])
def test_a_key_of_a_section_is_explained(table, page):
    explained = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| (`[^|]*) \|", text(page), re.MULTILINE))))
    assert not set(keys_of(table)) - explained, f"no table of {page} has {sorted(set(keys_of(table)) - explained)}"


def test_a_format_of_a_webhook_is_explained():
    formats = re.findall(r"^X\(\w+, (\w+)\)", text("collector/hooks/formats.def"), re.MULTILINE)
    assert len(formats) >= 4
    missing("format", formats, "docs/hooks.md", lambda name: f"`{name}`")


def test_a_route_is_explained():
    paths = set(re.findall(r'HTTP_METHOD_\w+, ACCESS_[\w |]+, "([^"]*)"', text("collector/api/api.c")))
    paths = {path for path in paths if not path.endswith((".js", ".css"))} - {"/", "/login", "/{file}"}  # the page
    assert len(paths) > 24

    def words(path):
        upper = {"org": "ORGANIZATION"}
        path = re.sub(r"{(\w+)}", lambda m: upper.get(m[1], m[1].upper()), path)
        return path.replace("/v1/secrets/NAME", "/v1/secrets")  # "likewise" beside the tokens

    missing("route", sorted(paths), "docs/api.md", words)


def test_a_setting_of_the_collector_is_explained():
    shown = subprocess.run([PROGRAM, "serve", "--print-config"], check=True, capture_output=True, text=True)
    keys = re.findall(r"^#([a-z-]+) =", shown.stdout, re.MULTILINE)
    assert len(keys) > 10
    missing("setting", keys, "docs/settings.md", lambda key: f"`--{key}")


def settings_of_the_agent():
    """{name: value name in the registry, or None} of each row of the agent's table of settings."""
    rows = re.split(r"\n\t\{ ", text("agent/config/settings.c").split("settings[] = {")[1])[1:]
    found = [re.match(r'ROW\("([\w-]+)", \w+, \w+,\s+(?:"(\w+)"|NULL),', row).groups() for row in rows]
    assert len(found) > 20
    return dict(found)


def test_a_setting_of_the_agent_is_explained():
    missing("setting", settings_of_the_agent(), "docs/settings.md", lambda name: f"`--{name}")


def test_a_setting_of_the_registry_has_a_policy_with_its_words():
    missing("policy", [name for name, value in settings_of_the_agent().items() if value],
            "agent/deploy/policy_texts.c", lambda name: f'{{ .name = "{name}",')


def test_a_setting_of_the_agents_file_is_in_the_seed_of_its_reader():
    """Those of the command line alone have no value in the registry, and no place in the file."""
    missing("setting", [name for name, value in settings_of_the_agent().items() if value],
            "tests/fuzz/corpus/config/all", lambda name: f"\n{name}")


def test_the_agents_help_and_config_have_each_setting():
    settings = settings_of_the_agent()
    helps = "".join(subprocess.run([AGENT, command, "--help"], check=True, capture_output=True, text=True).stdout
                    for command in ("run", "check", "config", "forget", "doctor", "selftest"))
    lacking = [name for name in settings if f"--{name}" not in helps]
    assert not lacking, f"no --help has {lacking}: their group (agent/config/settings.h) belongs to no command"
    shown = subprocess.run([AGENT, "config", "--json"], capture_output=True, text=True).stdout
    lacking = [name for name, value in settings.items() if value and f'"{value}"' not in shown]
    assert not lacking, f"mtawatch-agent config does not show {lacking}"


@pytest.mark.parametrize("program", [PROGRAM, AGENT], ids=["collector", "agent"])
def test_a_command_is_explained(program):
    shown = subprocess.run([program, "--help"], check=True, capture_output=True, text=True)
    commands = re.findall(r"^  ([a-z][a-z-]+)  (?!.*for nobody else)", re.split("Commands:?\n", shown.stdout)[1],
                          re.MULTILINE)
    assert len(commands) > 5
    missing("command", commands, "docs", lambda name: f"{program.name} {name}")


def promises():
    """Each point of SECURITY.md's last part."""
    part = text("SECURITY.md").partition("## What is promised")[2]
    found = re.split(r"^- ", part.partition("\nSupported is")[0], flags=re.MULTILINE)[1:]
    assert len(found) > 20
    return found


def defined(name, test):
    """Is there a test (or a check of a shared file) of that name in a file of that one?"""
    return any(re.search(rf"^(static )?(def|void) {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE)
               for file in (ROOT / "tests").rglob(name))


def test_each_promise_names_a_test_that_exists():
    for promise in promises():
        named = re.findall(r"`(\w+\.(?:py|c))(?:::(\w+))?`", promise)
        assert named, f"SECURITY.md: no test shows that {promise}"
        for file, test in named:
            assert any((ROOT / "tests").rglob(file)), f"SECURITY.md names {file}, which is not there"
            assert not test or defined(file, test), f"SECURITY.md names {file}::{test}, which is not there"
        loose = re.findall(r"`(test_\w+)`", promise)
        assert not loose, f"SECURITY.md: in which file is {loose[0]}?"
