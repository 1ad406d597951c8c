"""A backlog of summaries drains through a stock Mosquitto, each once, in order, across a restart.

In one thing it is not stock: what it queues for a slow subscriber has no bound. Beyond 1,000 it would drop,
on a busy machine also for mosquitto_sub, and that would not be the gateway's doing.
"""
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

    upstream = started(plant.Broker(tmp_path, "upstream", port=upstream_port, is_stock=True,
                                    conf="max_queued_messages 0"))
    books = started(plant.Program(
        [plant.find("mosquitto_sub"), "-h", "127.0.0.1", "-p", upstream.port, "-i", "books", "-q", "1",
         "-t", "carbon/v1/+/summary/+", "-F", "%x"], tmp_path / "books.hex"))
    plant.until(lambda: "books 1 carbon/v1/+/summary/+" in upstream.text(), "the subscription", books)
    gateway.start()
    plant.until(lambda: outbox(tmp_path) == 0, "an empty outbox", gateway)

    sequences = plant.until(lambda: complete(tmp_path), "all summaries", books)
    assert len(sequences) >= SUMMARIES_LEAST
    assert sequences == sorted(sequences)


def complete(tmp_path):
    """The sequences that arrived, in the order of their first copies, once there is no hole."""
    _, summary_pb2, _ = plant.protocol(tmp_path)
    seen = {}
    for line in (tmp_path / "books.hex").read_text().split("\n")[:-1]:
        seen.setdefault(summary_pb2.SiteSummary.FromString(bytes.fromhex(line)).sequence)
    sequences = list(seen)
    last = in_history(tmp_path)
    return sequences if sorted(sequences) == list(range(1, last + 1)) else None


def outbox(tmp_path):
    return ask(tmp_path, "select count(*) from outbox")


def in_history(tmp_path):
    return ask(tmp_path, "select max(sequence) from summary")


def ask(tmp_path, question):
    """What an operator sees with sqlite3."""
    done = plant.subprocess.run([plant.find("sqlite3"), "-readonly", str(tmp_path / "state" / "store.sqlite"),
                                 question], capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else -1
