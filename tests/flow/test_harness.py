"""The harness itself: whatever goes wrong, no program is left running. Takes no time."""
import pytest
from conftest import end_all


class Thing:
    def __init__(self, name, ended, fails=False):
        self.name, self.ended, self.fails = name, ended, fails

    def end(self):
        self.ended.append(self.name)
        if self.fails:
            raise TimeoutError(self.name)


def test_program_that_does_not_end_keeps_no_other_running_and_is_told():
    ended = []
    things = [Thing("broker", ended), Thing("gateway", ended, fails=True), Thing("fleet", ended)]
    with pytest.raises(TimeoutError, match="gateway"):
        end_all(things)
    assert ended == ["fleet", "gateway", "broker"]
