"""Who may include whom: the table of gateway/README.md, held against every #include.

A room may use what its row names and nothing else. Libraries are named by the first part of their
header; the C library, POSIX and Linux headers are everybody's, but sockets are nobody's and the clock
is for the edges alone.
"""
import re
from pathlib import Path

import pytest

GATEWAY = Path(__file__).resolve().parent.parent / "gateway"

ROOMS = {"base", "model", "journal", "link", "ingest", "decode", "meter", "derive", "fill", "account", "store", "publish", "vault", "app",
         "command"}
TOP = {"main", "conf", "conf_at_start", "conf_factors", "conf_remarks", "payload", "plugin"}
OF_THE_TOP = {"conf.h", "payload.h", "plugin_loader.h", "plugin.h", "pipeline.h"}
EVERYTHING = {"app", "command"}

# Rooms that a room may include, beside itself; then its libraries.
TABLE = {
    "base": (set(), {"yaml", "xxhash", "glib"}),
    "model": ({"base"}, set()),
    "journal": ({"model", "base"}, {"zstd"}),
    "link": ({"base"}, {"uv", "MQTTAsync", "netdb", "sys"}),    # resolves names: see link/address.c
    "ingest": ({"journal", "link", "model", "base"}, {"uv"}),
    "decode": ({"model", "base", "plugin.h"}, {"proto", "protobuf-c", "jansson"}),
    "meter": ({"model", "base"}, set()),
    "derive": ({"model", "base"}, set()),
    "fill": ({"model", "base"}, set()),
    "account": ({"model", "base"}, set()),
    "store": ({"model", "base"}, {"sqlite3", "uv"}),
    "publish": ({"link", "store", "model", "base", "plugin.h"},
                {"uv", "proto", "protobuf-c", "jansson"}),
    "vault": ({"decode", "account", "journal", "store", "model", "base", *OF_THE_TOP}, set()),
    "pipeline": ({"decode", "meter", "derive", "fill", "account", "journal", "store", "model", "base"}, set()),
}

SYSTEM = {
    "assert", "ctype", "dirent", "errno", "fcntl", "float", "inttypes", "limits", "math", "setjmp", "signal",
    "endian", "stdalign", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib", "string",
    "strings", "time", "unistd", "pthread", "locale",
    "sys/file", "sys/mman", "sys/random", "sys/stat", "sys/statvfs", "sys/timex", "sys/types",
    "sys/uio", "sys/wait", "linux/falloc",
}
CLOCK = re.compile(r"\b(clock_gettime|gettimeofday|time\s*\(\s*NULL|clock_read|uv_now|uv_hrtime)\b")
MAY_ASK_THE_CLOCK = {"base", "journal", "link", "ingest", "publish", "vault", "app", "command"}


def sources():
    return sorted(p for p in GATEWAY.rglob("*.[ch]"))


def room_of(path):
    parts = path.relative_to(GATEWAY).parts
    if len(parts) > 1:
        return parts[0]
    name = path.stem
    return "pipeline" if name.startswith("pipeline") else "top"


def is_test(path):
    return path.stem.endswith("_test")


def includes(path):
    return re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(), re.M)


def complaint(path, name):
    """Why a file of a room may not include a header; None when it may."""
    room = room_of(path)
    if room == "top" or room in EVERYTHING:
        return None
    rooms, libraries = TABLE[room]
    stem = name[:-2] if name.endswith(".h") else name
    first = name.split("/")[0]
    if first in ROOMS:
        return None if first == room or first in rooms else f"{room} may not use {first}"
    if name in OF_THE_TOP and room != "pipeline":
        return None if name in rooms else f"{room} may not use {name}"
    if room == "pipeline" and stem.startswith("pipeline"):
        return None
    if name.endswith(".pb-c.h"):
        return None if "proto" in libraries else f"{room} may not use the wire format"
    if stem in SYSTEM:
        return None
    library = first[:-2] if first.endswith(".h") else first
    return None if library in libraries else f"{room} may not use <{name}>"


@pytest.mark.parametrize("room", sorted(TABLE))
def test_a_room_includes_only_what_its_row_of_the_table_allows(room):
    found = []
    for path in sources():
        if room_of(path) != room or is_test(path):
            continue
        for name in includes(path):
            why = complaint(path, name)
            if why:
                found.append(f"{path.relative_to(GATEWAY)}: {why}")
    assert not found, "\n".join(found)


def test_every_folder_of_the_gateway_is_a_room_of_the_table():
    folders = {p.name for p in GATEWAY.iterdir() if p.is_dir()}
    assert folders == ROOMS


def test_every_file_at_the_top_of_the_gateway_is_known():
    stems = {p.stem for p in GATEWAY.glob("*.c")}
    assert {s for s in stems if not s.startswith("pipeline")} <= TOP


def test_the_middle_never_asks_for_the_time():
    found = []
    for path in sources():
        if room_of(path) in MAY_ASK_THE_CLOCK | {"top"} or is_test(path):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = re.sub(r"/\*.*?\*/|^\s*\*.*|//.*", "", line)
            if CLOCK.search(code):
                found.append(f"{path.relative_to(GATEWAY)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_no_conditional_compilation_outside_base():
    found = []
    for path in sources():
        if room_of(path) == "base" or is_test(path):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\s*#\s*(if|ifdef|ifndef)\b", line) and not re.match(r"\s*#\s*ifndef \w+_H$", line):
                found.append(f"{path.relative_to(GATEWAY)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_the_plugin_header_needs_no_other_header_of_the_gateway():
    assert all(name in ("stddef.h", "stdint.h") for name in includes(GATEWAY / "plugin.h"))


def test_plugins_include_no_header_of_the_gateway_but_plugin_h():
    found = []
    plugins = GATEWAY.parent / "plugins"
    for path in sorted(plugins.rglob("*.[ch]")):
        for name in includes(path):
            if name.split("/")[0] in ROOMS or (GATEWAY / name).exists() and name != "plugin.h":
                found.append(f"{path.relative_to(plugins)}: {name}")
    assert not found, "\n".join(found)
