"""The policy templates that the build made: the ADM and the ADMX say the same, and the agent accepts
exactly what they let an administrator set.

No editor of Microsoft's can be had here; tests/integration/policy_templates.py reads the files by the
rules of the formats. What an editor would write into the registry is given to the real agent as a
registry export. MTAWATCH_BUILD names the build folder (default: build/sanitize).
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from policy_templates import Adm, Admx

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize"))
AGENT = BUILD / "agent/mtawatch-agent"
DEPLOY = BUILD / "agent/deploy"
PIN = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

# The longest text, and one more character, that each kind of text may be.
LONGEST = {
    "AllowPlain": lambda n: "yes" + "s" * (n - 3),
    "AllowPeers": lambda n: ",".join(["131.107.222.111/32"] * 32) + "0" * (n - 32 * 19 + 1),
    "CollectorUrl": lambda n: collectors(n),
    "CollectorFallbackUrl": lambda n: collectors(n),
    "Proxy": lambda n: "http://" + "p" * (n - 7),
    "Pin": lambda n: f"{PIN},{PIN}" + "=" * (n - 2 * len(PIN) - 1),
}


def collectors(n):
    """Eight of the longest, the last as long as is left of `n`."""
    seven = ("https://" + "c" * 992 + ",") * 7
    return seven + "https://" + "c" * (n - len(seven) - 8)


@pytest.fixture(scope="module")
def adm():
    return Adm(DEPLOY / "mtawatch.adm", version=4)


@pytest.fixture(scope="module")
def admx():
    return Admx(DEPLOY / "mtawatch.admx", DEPLOY / "en-US/mtawatch.adml")


@pytest.fixture
def config(tmp_path):
    """What the agent makes of registry values: config({KEY: {NAME: VALUE}}) gives its settings."""
    def ask(keys):
        lines = ["REGEDIT4", ""]
        for key, values in keys.items():
            lines.append(f"[HKEY_LOCAL_MACHINE\\{key}]")
            for name, value in values.items():
                written = f"dword:{value:08x}" if isinstance(value, int) else f'"{value}"'
                lines.append(f'"{name}"={written}')
        (tmp_path / "policy.reg").write_text("\r\n".join(lines) + "\r\n")
        done = subprocess.run([AGENT, "config", "--json", "--windows-root", tmp_path],
                              capture_output=True, text=True, timeout=60)
        settings = json.loads(done.stdout)["settings"]
        invalid = any(setting["invalid"] for setting in settings)
        assert done.returncode == (1 if invalid else 0), done.stderr
        return {setting["value_name"]: setting for setting in settings if setting["value_name"]}
    return ask


def accepts(config, policy, value):
    setting = config({policy.key: {policy.value_name: value}})[policy.value_name]
    if setting["invalid"]:
        assert setting["origin"] == "default"
        return False
    assert (setting["origin"], setting["value"]) == ("policy", str(value))
    return True


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_every_editor_finds_the_same_policies_in_the_adm(version, adm):
    other = Adm(DEPLOY / "mtawatch.adm", version)
    assert [policy.name for policy in other.policies] == [policy.name for policy in adm.policies]
    assert all(bool(policy.help) == (version >= 3) for policy in other.policies)


def test_every_string_is_used(adm, admx):
    assert adm.used == set(adm.strings)
    assert admx.used == set(admx.strings)
    assert admx.presentations == {}  # each was taken by its policy


EDITOR_OF_NT4 = 255  # characters that it is known to take


def test_adm_and_admx_say_the_same_but_for_the_length_of_texts(adm, admx):
    assert adm.policies == [replace(policy, max_length=min(policy.max_length, EDITOR_OF_NT4))
                            for policy in admx.policies]
    assert (adm.category, adm.supported) == (admx.category, admx.supported)
    assert admx.superseded == "mtawatch.adm"
    assert admx.order == ["policyNamespaces", "supersededAdm", "resources", "supportedOn",
                          "categories", "policies"]


def test_there_is_a_policy_for_each_setting_of_the_registry(adm, config):
    assert {policy.name for policy in adm.policies} == set(config({}))
    assert all(policy.key == r"Software\Policies\mtawatch" for policy in adm.policies)


def test_numbers_have_the_bounds_and_defaults_of_the_agent(adm, config):
    numbers = [policy for policy in adm.policies if policy.kind == "number"]
    assert len(numbers) == 3
    for policy in numbers:
        assert [accepts(config, policy, value) for value in
                (policy.minimum - 1, policy.minimum, policy.default, policy.maximum,
                 policy.maximum + 1)] == [False, True, True, True, False], policy.name
        assert str(policy.default) in config({})[policy.value_name]["value"].split()
        assert not policy.spin or policy.maximum <= 0x7fff  # the control counts in 16 bits


def test_choices_are_those_of_the_agent(adm, config):
    (policy,) = [policy for policy in adm.policies if policy.kind == "choice"]
    assert all(accepts(config, policy, choice) for choice in policy.choices)
    assert not accepts(config, policy, "debug")
    assert config({})[policy.value_name]["value"] == policy.default


def test_texts_may_be_as_long_as_the_agent_takes_them(admx, config):
    for policy in admx.policies:
        if policy.kind == "text":
            make = LONGEST.get(policy.value_name, lambda n: "f" * n)
            assert accepts(config, policy, make(policy.max_length)), policy.name
            assert not accepts(config, policy, make(policy.max_length + 1)), policy.name


def test_a_list_is_read_as_the_editor_writes_it(adm, config):
    (policy,) = [policy for policy in adm.policies if policy.kind == "list"]
    names = [f"EXCH{i}=10.0.0.{i}" for i in range(1, 65)]
    values = {f"{policy.value_name}{i + 1}": name for i, name in enumerate(names)}
    setting = config({policy.list_key: values})["Peers"]
    assert [source["value"] for source in setting["sources"]] == names
    assert setting["value"] == ";".join(names)
