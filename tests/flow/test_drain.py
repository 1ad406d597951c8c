"""A backlog of summaries drains through a stock Mosquitto, each once, in order, across a restart."""
import configs
import plant

SUMMARIES_LEAST = 5_000


def test_five_thousand_summaries_drain_through_a_stock_broker(tmp_path, started):
    devices = started(plant.Broker(tmp_path, "devices"))
    upstream_port = plant.free_port()
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(
        tmp_path, devices.url(), f"mqtt://127.0.0.1:{upstream_port}"))).ready()
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), "--sites", "1", "--devices", "1", "--points", "1", "--kind",
         "interval", "--period", "15min", "--start", "2018-02-01T00:00:00Z", "--readings", "4200", "--site",
         "gwangyang", "--device", "main-meter", "--point", "active-energy", "--qos", "1", "--batch", "20",
         "--end-state", "--state-point", "plant-state"], tmp_path / "fleet.log"))
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    plant.until(lambda: outbox(tmp_path) >= SUMMARIES_LEAST, "the backlog", gateway)
    gateway.kill()
    gateway.start()

    upstream = started(plant.Broker(tmp_path, "upstream", port=upstream_port, is_stock=True))
    books = started(plant.Upstream(upstream.port, tmp_path))
    plant.until(lambda: outbox(tmp_path) == 0, "an empty outbox", gateway)
    plant.until(lambda: len(books.summaries()) >= SUMMARIES_LEAST, "all summaries", gateway)
    plant.assert_gap_free(books.summaries())
    arrived = [books.first[i][2].sequence for i in books.order]
    assert arrived == sorted(arrived)


def outbox(tmp_path):
    """What an operator sees with sqlite3."""
    done = plant.subprocess.run([plant.find("sqlite3"), "-readonly", str(tmp_path / "state" / "store.sqlite"),
                                 "select count(*) from outbox"], capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else -1
