"""A place of its own for each test, and nothing left running behind it."""
import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plant  # noqa: E402


def end_all(things):
    """Ends all of them, the last one first, and raises what went wrong only then."""
    with contextlib.ExitStack() as ends:
        for thing in things:
            ends.callback(thing.end)


@pytest.fixture
def started():
    """Remembers programs and subscribers, and ends them in reverse, whatever the test did. What is still up
    then has to end well, and no sanitizer may have found anything in any of them. One that does not end
    is told when the others have been ended."""
    things = []

    def keep(thing):
        things.append(thing)
        return thing

    yield keep
    programs = [thing for thing in things if isinstance(thing, plant.Program)]
    is_up = [p for p in programs if p.poll() is None]
    end_all(things)
    for program in programs:
        program.assert_clean()
    assert [p.args[0] for p in is_up if isinstance(p, plant.Gateway) and p.returncode != 0] == []


@pytest.fixture
def brokers(tmp_path, started):
    """The device broker and the upstream broker."""
    return (started(plant.Broker(tmp_path, "devices")), started(plant.Broker(tmp_path, "upstream")))
