"""Killed at each named crash point, in the middle of the load, the books are exact all the same."""
import signal

import configs
import plant
import pytest
from test_restart_loses_nothing import SHAPE, describe, expected_of, totals_of

POINTS = ["journal.appended", "journal.synced", "loop.took", "commit.synced", "commit.committed",
          "publish.sent", "publish.acknowledged"]


@pytest.mark.parametrize("nth", [2, 8])
@pytest.mark.parametrize("point", POINTS)
def test_each_crash_point_loses_nothing_and_counts_nothing_twice(tmp_path, started, brokers, point, nth):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.synthetic(tmp_path, devices.url(), upstream.url(), describe(),
                               journal="  commit_every: 20ms")
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    gateway.kill()
    gateway.env["CARBON_CRASH_AT"] = f"{point}:{nth}"
    gateway.start()

    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), *SHAPE, "--rate", "5000", "--end-state", "--totals",
         tmp_path / "totals.json"], tmp_path / "fleet.log"))
    plant.until(lambda: gateway.poll() is not None, f"the crash at {point}")
    assert gateway.returncode == -signal.SIGKILL
    del gateway.env["CARBON_CRASH_AT"]
    gateway.start()

    assert fleet.child.wait(plant.PATIENCE_S) == 0
    expected = expected_of(plant.fleet_totals(tmp_path / "totals.json"))
    plant.until(lambda: totals_of(books) == expected, "the exact totals", gateway)
    assert gateway.end() == 0
    plant.assert_gap_free(books.summaries())
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()
