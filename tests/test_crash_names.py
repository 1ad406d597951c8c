"""Crash points: what the code passes, what base/crash.c knows and what gateway/README.md explains are the
same names. A point that is nowhere explained is a place where nobody thought about the order of two steps."""
import re
from pathlib import Path

GATEWAY = Path(__file__).resolve().parent.parent / "gateway"


def known():
    text = (GATEWAY / "base" / "crash.c").read_text()
    table = re.search(r"names\[\] = \{(.*?)\};", text, re.S).group(1)
    return re.findall(r'"([a-z_.]+)"', table)


def passed():
    """Named where they are passed, or by the function that names them for vault/logbook.c."""
    names = set()
    for path in GATEWAY.rglob("*.c"):
        if path.name.endswith("_test.c") or path.parent.name == "base":
            continue
        text = path.read_text()
        names |= set(re.findall(r'crash_point\("([a-z_.]+)"\)', text))
        for body in re.findall(r"crash_name\(uint8_t kind\)\n\{(.*?)\n\}", text, re.S):
            names |= set(re.findall(r'return "([a-z_.]+)"', body))
    return names


def explained():
    """`.start` behind `logbook.genesis` in one row stands for `logbook.start`."""
    text = (GATEWAY / "README.md").read_text()
    names = set()
    for row in re.findall(r"^\| (`[a-z_.]+`(?:, `[a-z_.]+`)*) \|", text, re.M):
        room = ""
        for name in re.findall(r"`([a-z_.]+)`", row):
            room = name.split(".")[0] or room
            names.add(name if name[0] != "." else room + name)
    return names


def test_every_crash_point_is_listed_and_explained():
    assert len(known()) == len(set(known()))
    assert passed() == set(known())
    assert set(known()) <= explained()
