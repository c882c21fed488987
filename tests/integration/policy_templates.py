"""Policy templates, read strictly: an ADM as the Group Policy editors read it, and an ADMX with its
ADML, both into the same Policy objects. What is not understood raises."""

import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

SPACE = "{http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions}"
MAX_LINE = 1500  # the longest line here; Windows' own templates have longer ones
TOKEN = re.compile(r'"([^"]*)"|(\S+)')


@dataclass
class Policy:
    name: str
    title: str
    help: str
    key: str
    kind: str = ""          # text, number, choice, list
    value_name: str = ""    # of a list: the prefix of the names
    label: str = ""
    list_key: str = ""
    max_length: int = 0
    minimum: int = 0
    maximum: int = 0
    default: object = None
    spin: bool = False
    choices: list = field(default_factory=list)


class Adm:
    """One template; `version` is that of the editor (2: poledit of NT 4.0, 3: Windows 2000, 4: XP)."""

    def __init__(self, path, version):
        raw = Path(path).read_bytes()
        text = raw.decode("ascii")
        assert re.search(r"(?<!\r)\n|\r(?!\n)", text) is None, "a line that does not end in CR LF"
        body, strings = text.split("[strings]\r\n")
        self.strings = self.read_strings(strings)
        self.used = set()
        self.lines = [line for line in self.conditional(body, version)]
        self.policies = []
        self.read()

    @staticmethod
    def read_strings(text):
        strings = {}
        for line in text.splitlines():
            name, value = re.fullmatch(r'(\w+)="([^"]+)"', line).groups()
            assert name not in strings, f"{name} is defined twice"
            assert len(line) < MAX_LINE
            strings[name] = value
        return strings

    @staticmethod
    def conditional(body, version):
        taken = [True]
        for line in body.splitlines():
            line = line.strip()
            if line.startswith("#if"):
                wanted = re.fullmatch(r"#if version >= (\d)", line)
                taken.append(taken[-1] and version >= int(wanted[1]))
            elif line == "#endif":
                assert len(taken) > 1, "#endif without #if"
                taken.pop()
            elif taken[-1] and line and not line.startswith(";"):
                yield [quoted or bare for quoted, bare in TOKEN.findall(line)]
        assert len(taken) == 1, "#if without #endif"

    def string(self, reference):
        assert reference.startswith("!!")
        self.used.add(reference[2:])
        return self.strings[reference[2:]]

    def next(self, *words):
        """The next line, which must begin with these words; the rest of it."""
        line = self.lines.pop(0)
        assert line[:len(words)] == list(words), f"{words} expected, not {line}"
        return line[len(words):]

    def read(self):
        assert self.next("CLASS") == ["MACHINE"]
        (category,) = self.next("CATEGORY")
        self.category = self.string(category)
        while self.lines[0][0] == "POLICY":
            self.policies.append(self.read_policy())
        self.next("END", "CATEGORY")
        assert self.lines == []

    def read_policy(self):
        (title,) = self.next("POLICY")
        policy = Policy(title[2:], self.string(title), "", *self.next("KEYNAME"))
        if self.lines[0][0] == "SUPPORTED":
            self.supported = self.string(*self.next("SUPPORTED"))
        if self.lines[0][0] == "EXPLAIN":
            policy.help = self.string(*self.next("EXPLAIN"))
        self.read_part(policy)
        self.next("END", "POLICY")
        return policy

    def read_part(self, policy):
        label, kind, *required = self.next("PART")
        policy.label = self.string(label)
        if kind == "LISTBOX":
            policy.kind, (policy.list_key,) = "list", self.next("KEYNAME")
            (policy.value_name,) = self.next("VALUEPREFIX")
        else:
            assert required == ["REQUIRED"]
            (policy.value_name,) = self.next("VALUENAME")
            {"EDITTEXT": self.read_text, "NUMERIC": self.read_number,
             "DROPDOWNLIST": self.read_choice}[kind](policy)
        self.next("END", "PART")

    def read_text(self, policy):
        policy.kind = "text"
        policy.max_length = int(*self.next("MAXLEN"))

    def read_number(self, policy):
        policy.kind = "number"
        words = self.next("MIN")
        assert words[1::2] == ["MAX", "DEFAULT", "SPIN"]
        policy.minimum, policy.maximum, policy.default, spin = map(int, words[::2])
        policy.spin = spin > 0

    def read_choice(self, policy):
        policy.kind = "choice"
        self.next("ITEMLIST")
        while self.lines[0][0] == "NAME":
            name, value, text, *default = self.next("NAME")
            assert value == "VALUE" and self.string(name) == text
            policy.choices.append(text)
            if default == ["DEFAULT"]:
                policy.default = text
        self.next("END", "ITEMLIST")


class Admx:
    """A template and its words."""

    def __init__(self, admx, adml):
        root, words = xml.parse(admx).getroot(), xml.parse(adml).getroot()
        assert root.tag == SPACE + "policyDefinitions"
        assert words.tag == SPACE + "policyDefinitionResources"
        self.order = [child.tag.removeprefix(SPACE) for child in root]
        self.superseded = root.find(SPACE + "supersededAdm").get("fileName")
        strings = words.findall(f".//{SPACE}string")
        self.strings = {string.get("id"): string.text for string in strings}
        assert len(self.strings) == len(strings), "a string is defined twice"
        presentations = words.findall(f".//{SPACE}presentation")
        self.presentations = {one.get("id"): one for one in presentations}
        assert len(self.presentations) == len(presentations)
        self.used = set()
        self.supported = self.string(root.find(f".//{SPACE}definition").get("displayName"))
        category = root.find(f".//{SPACE}category")
        self.category = self.string(category.get("displayName"))
        self.names = {category.get("name"), root.find(f".//{SPACE}definition").get("name")}
        self.policies = [self.read_policy(one) for one in root.find(SPACE + "policies")]

    def string(self, reference):
        name = re.fullmatch(r"\$\(string\.(\w+)\)", reference)[1]
        self.used.add(name)
        return self.strings[name]

    def read_policy(self, node):
        assert node.get("class") == "Machine"
        policy = Policy(node.get("name"), self.string(node.get("displayName")),
                        self.string(node.get("explainText")), node.get("key"))
        parent, supported, elements = node
        assert {parent.get("ref"), supported.get("ref")} == self.names
        assert [one.tag for one in node] == [SPACE + name for name in
                                             ("parentCategory", "supportedOn", "elements")]
        name = re.fullmatch(r"\$\(presentation\.(\w+)\)", node.get("presentation"))[1]
        (element,), (shown,) = elements, self.presentations.pop(name)
        assert shown.get("refId") == element.get("id")
        kind = element.tag.removeprefix(SPACE)
        wanted = {"text": "textBox", "decimal": "decimalTextBox", "enum": "dropdownList",
                  "list": "listBox"}[kind]
        assert shown.tag == SPACE + wanted
        policy.value_name = element.get("valueName")
        policy.label = shown.text
        if kind != "list":
            assert element.get("required") == "true"
        getattr(self, "read_" + kind)(policy, element, shown)
        return policy

    def read_text(self, policy, element, shown):
        policy.kind, policy.max_length = "text", int(element.get("maxLength"))
        policy.label = shown.find(SPACE + "label").text

    def read_decimal(self, policy, element, shown):
        policy.kind = "number"
        policy.minimum, policy.maximum = int(element.get("minValue")), int(element.get("maxValue"))
        policy.default, policy.spin = int(shown.get("defaultValue")), shown.get("spin") == "true"

    def read_enum(self, policy, element, shown):
        policy.kind = "choice"
        for item in element:
            policy.choices.append(item.find(f"{SPACE}value/{SPACE}string").text)
            assert self.string(item.get("displayName")) == policy.choices[-1]
        policy.default = policy.choices[int(shown.get("defaultItem"))]

    def read_list(self, policy, element, shown):
        policy.kind, policy.list_key = "list", element.get("key")
        policy.value_name = element.get("valuePrefix")
