"""The steel works' year comes out exactly, whatever happens to the readings on their way."""
import signal
import subprocess
from decimal import Decimal

import configs
import plant
import pytest

CSV = plant.ROOT / "tests" / "data" / "steel-industry-2018.csv"
YEAR_WH = Decimal(959_636_710)
WINDOWS = {"15min": 35_040, "hour": 8_760, "day": 365, "month": 12}
KILLS = 20
FRAMES_PER_KILL = 1_700


def fleet_args(port, *more):
    return [plant.FLEET, "--broker", f"mqtt://127.0.0.1:{port}", "--csv", CSV, "--time-column", "date",
            "--time-format", "%d/%m/%Y %H:%M", "--value-column", "Usage_kWh", "--utc-offset", "+09:00",
            "--midnight-is-end-of-day", "--site", "gwangyang", "--device", "main-meter", "--point",
            "active-energy", "--qos", "1", "--end-state", "--state-point", "plant-state",
            "--end-state-after", "5min", "--resume-on-disconnect", *more]


def has_whole_year(books):
    """Every window is there, and the latest revisions add up."""
    return all(books.total(p, "gwangyang") == (n, YEAR_WH) for p, n in WINDOWS.items())


def assert_exact_year(books):
    for period, n in WINDOWS.items():
        latest = books.latest(period)
        assert len(latest) == n
        assert sum(map(plant.activity, latest.values())) == YEAR_WH
    quarters = books.latest("15min").values()
    assert all(s.quality.valid_ms == s.quality.expected_ms == 900_000 for s in quarters)
    plant.assert_gap_free(books.summaries())


def play(tmp_path, started, brokers, *more):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url())))
    gateway.ready()
    fleet = started(plant.Program(fleet_args(devices.port, *more), tmp_path / "fleet.log"))
    return books, gateway, fleet


def assert_replay_gives_the_same_bytes(tmp_path, books):
    captured = books.payloads_by_sequence()
    again = plant.replayed(tmp_path, tmp_path / "state")
    assert again[:len(captured)] == captured
    assert len(again) == len(captured)


def test_year_is_exact_from_a_file_without_any_network(tmp_path):
    config = tmp_path / "gateway.yaml"
    config.write_text(configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1"))
    messages = tmp_path / "messages"
    subprocess.run([str(a) for a in fleet_args(1, "--write", messages)], check=True)
    raw = tmp_path / "raw"
    done = subprocess.run([plant.GATEWAY, "replay", "--config", config, "--messages", messages, "--state",
                           tmp_path / "new", "--raw", raw], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    _, summary_pb2, _ = plant.protocol(tmp_path)
    by_period = {}
    for payload in plant.records(raw.read_bytes()):
        s = summary_pb2.SiteSummary.FromString(payload)
        assert s.revision == 1
        by_period.setdefault(s.period, []).append(s)
    assert sorted(len(v) for v in by_period.values()) == sorted(WINDOWS.values())
    for summaries in by_period.values():
        assert sum(map(plant.activity, summaries)) == YEAR_WH


@pytest.mark.parametrize("how", [["--batch", "24"], ["--shuffle", "20", "--duplicates", "5", "--seed", "7"],
                                 ["--shuffle", "12", "--duplicates", "10", "--batch", "10", "--seed", "11"]],
                         ids=["batched", "shuffled and duplicated", "all three"])
def test_year_is_exact_when_the_fleet_is_unruly(tmp_path, started, brokers, how):
    books, gateway, fleet = play(tmp_path, started, brokers, *how)
    plant.until(lambda: has_whole_year(books), "the whole year", gateway)
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    assert_exact_year(books)


def test_year_is_exact_through_twenty_kills_and_a_replay_gives_the_same_bytes(tmp_path, started, brokers):
    """Each kill comes while the fleet publishes; while the gateway is away the fleet is held, so that the
    load lasts for all of them on any machine."""
    progress = tmp_path / "progress"
    books, gateway, fleet = play(tmp_path, started, brokers, "--rate", "1500", "--shuffle", "12", "--duplicates",
                                 "10", "--seed", "3", "--progress", progress)
    for n in range(1, KILLS + 1):
        plant.until(lambda: acknowledged(progress) >= n * FRAMES_PER_KILL, f"progress before kill {n}", fleet)
        gateway.kill()
        assert fleet.poll() is None, f"kill {n} came when the load was over"
        fleet.child.send_signal(signal.SIGSTOP)
        gateway.start()
        gateway.ready()
        fleet.child.send_signal(signal.SIGCONT)

    plant.until(lambda: has_whole_year(books), "the whole year", gateway)
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    assert_exact_year(books)
    assert gateway.end() == 0
    plant.until(lambda: len(books.summaries()) == last_sequence(books), "the last summaries")
    assert_replay_gives_the_same_bytes(tmp_path, books)


def acknowledged(progress):
    """Readings of the fleet that the device broker has acknowledged."""
    lines = progress.read_text().split("\n")[:-1] if progress.exists() else []
    return plant.json.loads(lines[-1])["acked"] if lines else 0


def last_sequence(books):
    return max(s.sequence for s in books.summaries())
