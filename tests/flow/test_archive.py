"""What leaves the journal stays readable: compressed beside a base of the state, and a replay of the whole
history, archive and journal together, gives the bytes that were published. Takes about 15 s."""
import configs
import plant
from test_restart_loses_nothing import SHAPE, describe, expected_of, totals_of

# Fills segments quickly: messages that no plan knows, rejected, and part of the history all the same.
FILLER = [("carbon/v1/nowhere/nobody/reading", bytes([n]) * 900_000) for n in range(1, 15)]


def test_segments_leave_compressed_and_a_replay_reads_them(tmp_path, started, brokers):
    devices, upstream = brokers
    config = configs.synthetic(tmp_path, devices.url(), upstream.url(), describe(),
                               journal="  retain: 0s\n  commit_every: 100ms")
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    totals = tmp_path / "totals.json"
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), *SHAPE, "--rate", "4000", "--totals", totals,
         "--end-state"], tmp_path / "fleet.log"))
    plant.publish(devices.port, FILLER[:7])
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    gateway.kill()                                # a base and an archive are no less good after a kill
    gateway.start()
    plant.publish(devices.port, FILLER[7:])

    expected = expected_of(plant.fleet_totals(totals))
    plant.until(lambda: totals_of(books) == expected, "the exact totals", gateway)
    intake, logbook = tmp_path / "state" / "intake", tmp_path / "state" / "logbook"
    plant.until(lambda: len(list((intake / "archive").glob("*.segment.zst"))) >= 2, "two archived segments",
                gateway)
    plant.until(lambda: not (intake / "000000000001.segment").exists(), "the first segment to go", gateway)
    assert list(logbook.glob("*.base")), "a base stays beside the log book"
    assert gateway.end() == 0

    archived = plant.subprocess.run([plant.find("zstd"), "-t", "-q", *(intake / "archive").glob("*.zst")],
                                    capture_output=True, text=True) if has_zstd() else None
    assert archived is None or archived.returncode == 0, archived.stderr
    plant.assert_gap_free(books.summaries())
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()


def has_zstd():
    try:
        return plant.find("zstd")
    except AssertionError:
        return None
