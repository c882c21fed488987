"""Group Policy, played by what its files say, for no part of it can be had here: a policy editor that knows nothing but
an ADM template, and the client's part, which brings what is set into a server's registry and takes out what no longer
is. Policies are {title, as the administrator reads it: text, number or list}.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from policy_templates import Adm  # noqa: E402

EDITOR = 3  # that of Windows 2000


class PolicyEditor:
    def __init__(self, template):
        self.template = {policy.title: policy for policy in Adm(template, EDITOR).policies}

    def values(self, policies):
        """What these write into the registry: {(key, name): text or number}. ValueError: the editor takes no such
        thing."""
        values = {}
        for title, setting in policies.items():
            if title not in self.template:
                raise ValueError(f"the template has no policy '{title}'; it has: {', '.join(self.template)}")
            values |= values_of(self.template[title], setting)
        return values


def values_of(policy, setting):
    if policy.kind == "list":
        return {(policy.list_key, f"{policy.value_name}{number}"): item for number, item in enumerate(setting, start=1)}
    takes = {
        "text": lambda: 0 < len(setting) <= policy.max_length,
        "number": lambda: policy.minimum <= setting <= policy.maximum,
        "choice": lambda: setting in policy.choices,
    }
    if not takes[policy.kind]():
        raise ValueError(f"the policy '{policy.title}' cannot be set to {setting!r}")
    return {(policy.key, policy.value_name): setting}


def registry_file(values, removed=()):
    """A file for regedit that first takes out what is removed, as the client does, then writes the values."""
    lines = ["REGEDIT4", ""]
    for key, name in removed:
        lines += [f"[HKEY_LOCAL_MACHINE\\{key}]", f'"{name}"=-', ""]
    for (key, name), value in values.items():
        lines += [f"[HKEY_LOCAL_MACHINE\\{key}]", f'"{name}"={written(value)}', ""]
    return "\r\n".join(lines).encode("ascii")


def written(value):
    if isinstance(value, int):
        return f"dword:{value:08x}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
