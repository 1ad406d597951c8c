"""A gateway's state is backed up while it runs, or handed over to another box, and no id is given twice.
Takes about 50 s."""
import subprocess

import configs
import plant
from test_restart_loses_nothing import SHAPE, describe, expected_of, sent_part, totals_of


def run(*args):
    return subprocess.run([str(plant.GATEWAY), *map(str, args)], capture_output=True, text=True)


def assert_verified(state):
    done = run("verify", "--state", state)
    assert done.returncode == 0, done.stdout + done.stderr


def config_of(place, name, devices, upstream):
    text = configs.synthetic(place, devices.url(), upstream.url(), describe())
    return text.replace(f"state: {place}/state", f"state: {place}/{name}")


def boxes(tmp_path, started, brokers):
    """The subscriber, the gateway on the old box, the configuration of the new one, and the fleet."""
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    old = started(plant.Gateway(tmp_path, config_of(tmp_path, "old", devices, upstream), name="old")).ready()
    new_config = config_of(tmp_path, "new", devices, upstream)
    (tmp_path / "new.yaml").write_text(new_config)
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), *SHAPE, "--rate", "4000", "--progress", tmp_path / "progress",
         "--totals", tmp_path / "totals.json", "--end-state"], tmp_path / "fleet.log"))
    plant.until(lambda: sent_part(tmp_path / "progress") >= 0.4, "a part of the readings", fleet)
    return books, old, new_config, fleet


def assert_exact(tmp_path, books, gateway, fleet):
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    expected = expected_of(plant.fleet_totals(tmp_path / "totals.json"))
    plant.until(lambda: totals_of(books) == expected, "the exact totals", gateway)


def sequences(books, epoch):
    return sorted(s.sequence for s in books.summaries() if s.epoch_ordinal == epoch)


def test_gateway_that_is_handed_over_under_load_goes_on_elsewhere_without_a_gap(tmp_path, started, brokers):
    books, old, new_config, fleet = boxes(tmp_path, started, brokers)
    hand_over = ("backup", "--config", old.config, "--to", tmp_path / "copy", "--hand-over")
    done = run(*hand_over)
    assert done.returncode == 1 and "is running" in done.stderr
    assert old.end() == 0
    done = run(*hand_over)
    assert done.returncode == 0, done.stderr

    old.start()                                          # the old box is switched on once more
    assert old.child.wait(plant.PATIENCE_S) == 1
    assert "was handed over" in old.since_start() and str(tmp_path / "copy") in old.since_start()
    assert run(*hand_over[:-3], "--to", tmp_path / "again", "--hand-over").returncode == 1

    done = run("restore", "--from", tmp_path / "copy", "--config", tmp_path / "new.yaml")
    assert done.returncode == 0 and "as if it had never stopped" in done.stdout, done.stderr
    new = started(plant.Gateway(tmp_path, new_config, name="new")).ready()
    assert_exact(tmp_path, books, new, fleet)
    plant.assert_gap_free(books.summaries())             # in one epoch
    assert new.end() == 0
    assert_verified(tmp_path / "new")


def test_backup_of_a_running_gateway_goes_on_elsewhere_in_a_new_epoch(tmp_path, started, brokers):
    books, old, new_config, fleet = boxes(tmp_path, started, brokers)
    done = run("backup", "--config", old.config, "--to", tmp_path / "copy")
    assert done.returncode == 0, done.stderr
    plant.until(lambda: sent_part(tmp_path / "progress") >= 0.6, "more of the readings", fleet)
    assert old.end() == 0
    done = run("restore", "--from", tmp_path / "copy", "--config", tmp_path / "new.yaml")
    assert done.returncode == 0 and "begins a new epoch behind 1" in done.stdout, done.stderr

    # What the new box computes again of the first epoch comes a second time, and the subscriber holds any
    # second copy of an id against the first, byte by byte.
    new = started(plant.Gateway(tmp_path, new_config, name="new")).ready()
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    plant.until(lambda: len(sequences(books, 2)) > 20, "summaries of the second epoch", new)
    assert new.end() == 0
    for epoch in (1, 2):
        numbers = sequences(books, epoch)
        assert numbers == list(range(1, len(numbers) + 1))
    assert_verified(tmp_path / "old")
    assert_verified(tmp_path / "new")


def backup(tmp_path, started, brokers):
    """The directory of a small hand-over and a configuration to restore it with."""
    devices, upstream = brokers
    gateway = started(plant.Gateway(tmp_path, config_of(tmp_path, "old", devices, upstream), name="old")).ready()
    assert gateway.end() == 0
    done = run("backup", "--config", gateway.config, "--to", tmp_path / "copy", "--hand-over")
    assert done.returncode == 0, done.stderr
    (tmp_path / "new.yaml").write_text(config_of(tmp_path, "new", devices, upstream))
    return tmp_path / "copy", tmp_path / "new.yaml"


def test_restore_refuses_a_directory_that_holds_something(tmp_path, started, brokers):
    copy, config = backup(tmp_path, started, brokers)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "something").write_text("")
    done = run("restore", "--from", copy, "--config", config)
    assert done.returncode == 1 and "not empty" in done.stderr
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["something"]
    done = run("backup", "--config", tmp_path / "old.yaml", "--to", tmp_path / "new")
    assert done.returncode == 1 and "not empty" in done.stderr


def test_restore_refuses_a_damaged_backup_by_the_name_of_the_file(tmp_path, started, brokers):
    copy, config = backup(tmp_path, started, brokers)
    for name in ("manifest", "store.sqlite", "logbook/000000000001.segment", "epoch"):
        whole = (copy / name).read_bytes()
        at = len(whole) // 2
        (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        done = run("restore", "--from", copy, "--config", config)
        assert done.returncode == 1 and name in done.stderr and "damaged" in done.stderr, done.stderr
        (copy / name).write_bytes(whole)
    (copy / "epoch").rename(copy / "gone")
    done = run("restore", "--from", copy, "--config", config)
    assert done.returncode == 1 and "epoch" in done.stderr
    assert not (tmp_path / "new").exists()


def test_restore_refuses_the_backup_of_another_gateway(tmp_path, started, brokers):
    copy, config = backup(tmp_path, started, brokers)
    config.write_text(config.read_text().replace("gateway: works-1", "gateway: works-2"))
    done = run("restore", "--from", copy, "--config", config)
    assert done.returncode == 1 and "works-1" in done.stderr and "works-2" in done.stderr


def test_hand_over_that_is_restored_twice_begins_a_new_epoch(tmp_path, started, brokers):
    copy, config = backup(tmp_path, started, brokers)
    assert "never stopped" in run("restore", "--from", copy, "--config", config).stdout
    (tmp_path / "new").rename(tmp_path / "first")
    assert "new epoch" in run("restore", "--from", copy, "--config", config).stdout
    again = started(plant.Gateway(tmp_path, config.read_text(), name="new")).ready()
    assert "epoch.begun epoch=2" in again.since_start()
    assert again.end() == 0
    again.start()
    again.ready()
    assert "epoch.begun" not in again.since_start()      # owed once
    assert again.end() == 0


def test_state_that_is_half_restored_does_not_run(tmp_path, started, brokers):
    copy, config = backup(tmp_path, started, brokers)
    assert run("restore", "--from", copy, "--config", config).returncode == 0
    (tmp_path / "new" / "restoring").write_text("")
    done = run("run", "--config", config)
    assert done.returncode == 1 and "cut short" in done.stderr
