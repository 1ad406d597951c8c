"""The gateway is restarted while devices publish, under both protocol versions, and nothing is missing."""
import configs
import plant
import pytest


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("how", ["kill", "term"])
def test_restart_while_devices_publish_loses_nothing(tmp_path, started, brokers, protocol, how):
    devices, upstream = brokers
    described = describe()
    config = configs.synthetic(tmp_path, devices.url(), upstream.url(), described,
                               ingest=f'  protocol: "{protocol}"')
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    totals, progress = tmp_path / "totals.json", tmp_path / "progress"
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), *SHAPE, "--rate", "4000", "--progress", progress,
         "--totals", totals, "--end-state"], tmp_path / "fleet.log"))

    for part in (0.25, 0.5, 0.75):
        plant.until(lambda: sent_part(progress) >= part, f"{part} of the readings", fleet)
        if how == "kill":
            gateway.kill()
        else:
            assert gateway.end() == 0
        gateway.start()
        gateway.ready()

    assert fleet.child.wait(plant.PATIENCE_S) == 0
    expected = plant.fleet_totals(totals)
    plant.until(lambda: totals_of(books) == expected_of(expected), "the exact totals", gateway)
    plant.assert_gap_free(books.summaries())


SHAPE = ["--sites", "2", "--devices", "3", "--points", "2", "--period", "60s", "--kind", "register",
         "--start", "2024-03-01T00:00:00Z", "--readings", "900", "--qos", "1"]


def describe():
    out = plant.subprocess.run([str(plant.FLEET), *SHAPE, "--describe", "--end-state"], capture_output=True,
                               text=True, check=True).stdout
    return plant.json.loads(out)


def sent_part(progress):
    lines = progress.read_text().splitlines() if progress.exists() else []
    for line in reversed(lines):
        try:
            row = plant.json.loads(line)
            return row["acked"] / row["total"]
        except ValueError:
            continue
    return 0


def totals_of(books):
    with books.lock:
        return {site: int(total * 1_000_000) for (period, site), (_, total) in books.totals.items()
                if period == "15min"}


def expected_of(totals):
    return {site["site"]: int(site["activity_micro"]) for site in totals["sites"]}
