"""The messages are documented, and the documentation is true.

Field comments are read from protoc's own source information rather than by a pattern of ours, so a
comment counts only where the compiler attaches it to the field. reading.proto lets one comment
stand for neighbouring fields (`site_id` and `device_id`); the other two explain each on its own.
"""

import os
import pathlib
import re
import subprocess

import pytest
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
README = PROTO / "README.md"
FILES = ["reading.proto", "summary.proto", "status.proto", "intensity.proto"]

# A command and, as the next block of the page, what it prints.
EXAMPLE = re.compile(r"^```sh\n(.*?)^```\n\s*^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Numbers by which protoc's source information names the parts of a file.
FILE_MESSAGE, FILE_ENUM, MESSAGE_FIELD = 4, 5, 2


def examples():
    return EXAMPLE.findall(README.read_text(encoding="utf-8"))


def run(command, **more):
    """Runs a shell command from the repository's root with the system's own tools first."""
    environment = dict(os.environ, PATH="/usr/bin:/bin:" + os.environ.get("PATH", ""), **more)
    return subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory):
    """Each .proto file as protoc understands it, comments included, by its name."""
    out = tmp_path_factory.mktemp("descriptors") / "all.pb"
    subprocess.run(["protoc", "-I", str(PROTO), "--include_source_info",
                    f"--descriptor_set_out={out}", *FILES], check=True, timeout=60)
    found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    return {file.name: file for file in found.file}


def comments_and_lines(file):
    """What stands beside each part of a file, and on which line that part begins, by its path."""
    comments, lines = {}, {}
    for part in file.source_code_info.location:
        path = tuple(part.path)
        comments[path] = (part.leading_comments + part.trailing_comments).strip()
        lines[path] = part.span[0]
    return comments, lines


def field_paths(file):
    for m, message in enumerate(file.message_type):
        assert not message.nested_type, f"{message.name}: nested messages are not looked into"
        for f, field in enumerate(message.field):
            yield (FILE_MESSAGE, m, MESSAGE_FIELD, f), f"{message.name}.{field.name}"


def fields_without_comment(file, may_share):
    comments, lines = comments_and_lines(file)
    bare, documented = [], set()
    for path, name in field_paths(file):
        before = path[:-1] + (path[-1] - 1,)
        is_shared = may_share and before in documented and lines[before] == lines[path] - 1
        if comments[path] or is_shared:
            documented.add(path)
        else:
            bare.append(name)
    return bare


def test_the_page_shows_a_reading_a_batch_and_a_summary():
    shown = " ".join(command for command, _ in examples())
    for message in ("v1.Reading(", "v1.ReadingBatch(", "v1.SiteSummary("):
        assert message in shown


@pytest.mark.parametrize("number", range(len(examples())))
def test_example_prints_the_bytes_on_the_page(number):
    command, documented = examples()[number]
    result = run(command)
    assert result.returncode == 0, result.stderr
    assert result.stdout == documented


def test_examples_leave_nothing_behind(tmp_path):
    before = sorted(PROTO.rglob("*"))
    for command, _ in examples():
        assert run(command, TMPDIR=str(tmp_path)).returncode == 0
    assert sorted(PROTO.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_every_field_has_a_comment(descriptors, name):
    assert fields_without_comment(descriptors[name], may_share=name == "reading.proto") == []


@pytest.mark.parametrize("name", FILES)
def test_every_message_and_enum_has_a_comment(descriptors, name):
    file = descriptors[name]
    comments, _ = comments_and_lines(file)
    parts = [((FILE_MESSAGE, i), m.name) for i, m in enumerate(file.message_type)]
    parts += [((FILE_ENUM, i), e.name) for i, e in enumerate(file.enum_type)]
    assert [part for path, part in parts if not comments[path]] == []


def test_a_field_without_a_comment_is_noticed(tmp_path):
    source = ['syntax = "proto3";', "message M {", "  // Said.", "  int32 a = 1;", "  int32 b = 2;",
              "", "  int32 c = 3;", "}", ""]
    (tmp_path / "m.proto").write_text("\n".join(source), encoding="utf-8")
    out = tmp_path / "m.pb"
    subprocess.run(["protoc", "-I", str(tmp_path), "--include_source_info",
                    f"--descriptor_set_out={out}", "m.proto"], check=True, timeout=60)
    file = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]
    assert fields_without_comment(file, may_share=False) == ["M.b", "M.c"]
    assert fields_without_comment(file, may_share=True) == ["M.c"]


@pytest.mark.parametrize("name", FILES)
def test_every_field_is_on_the_page(descriptors, name):
    named = set(re.findall(r"`([a-z0-9_]+)`", README.read_text(encoding="utf-8")))
    fields = {field.name for message in descriptors[name].message_type for field in message.field}
    assert sorted(fields - named) == []


def test_tables_of_readings_give_the_right_numbers(descriptors):
    page = README.read_text(encoding="utf-8")
    for message in descriptors["reading.proto"].message_type:
        table = page.split(f"\n`{message.name}`\n", 1)[1].split("\n`", 1)[0]
        rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", table, re.MULTILINE)
        assert rows == [(str(field.number), field.name) for field in message.field]


def test_units_and_qualities_on_the_page_are_those_of_the_file(descriptors):
    page = README.read_text(encoding="utf-8")
    units, qualities = descriptors["reading.proto"].enum_type
    for unit in units.value[1:]:
        assert f"`{unit.name.removeprefix('UNIT_')}` {unit.number}" in page
    for quality in qualities.value:
        assert f"| {quality.number} | `{quality.name.removeprefix('QUALITY_')}` |" in page


def test_nothing_is_declared_optional(descriptors):
    """protoc-c 1.4 refuses proto3 files that have such fields."""
    for file in descriptors.values():
        for message in file.message_type:
            assert not [field.name for field in message.field if field.proto3_optional]
