"""A place of its own for each test, and nothing left running behind it."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plant  # noqa: E402


@pytest.fixture
def started():
    """Remembers programs and subscribers, and ends them in reverse, whatever the test did."""
    things = []

    def keep(thing):
        things.append(thing)
        return thing

    yield keep
    for thing in reversed(things):
        thing.end()


@pytest.fixture
def brokers(tmp_path, started):
    """The device broker and the upstream broker."""
    return (started(plant.Broker(tmp_path, "devices")), started(plant.Broker(tmp_path, "upstream")))
