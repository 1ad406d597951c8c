"""An upstream that stays away until the store is full: the gateway pauses, or drops and says what it dropped.

The store is a megabyte; the fleet sends enough quarter hours for about twice as much.
"""
import configs
import plant
from test_bad_input import T0_MS, TOPIC, reading

READINGS = 1500
FLEET_ENDS_MS = 1_517_443_200_000 + READINGS * 900_000     # from 2018-02-01 on
BOUND = "store:\n  most: 1MB\n"


def start(tmp_path, started, policy, port):
    devices = started(plant.Broker(tmp_path, "devices"))
    config = configs.steelworks(tmp_path, devices.url(), f"mqtt://127.0.0.1:{port}") + BOUND + policy
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    gateway.devices_port = devices.port
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), "--sites", "1", "--devices", "1", "--points", "1", "--kind",
         "interval", "--period", "15min", "--start", "2018-02-01T00:00:00Z", "--readings", READINGS, "--site",
         "gwangyang", "--device", "main-meter", "--point", "active-energy", "--qos", "1", "--batch", "5",
         "--end-state", "--state-point", "plant-state"], tmp_path / "fleet.log"))
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    return gateway


def covered(books):
    """Every sequence that came or was announced as dropped."""
    came = {s.sequence for s in books.summaries()}
    dropped = [d for s in books.summaries("tombstone") for d in s.tombstone.dropped]
    announced = {n for d in dropped for n in range(d.first_sequence, d.last_sequence + 1)}
    assert sum(d.summaries for d in dropped) == len(announced)
    return came, announced


def test_full_store_drops_the_oldest_and_a_tombstone_tells_which(tmp_path, started):
    port = plant.free_port()
    gateway = start(tmp_path, started, "  at_bound: drop_oldest\n", port)
    plant.until(lambda: gateway.text().count("store.dropped") >= 3, "drops", gateway)
    upstream = started(plant.Broker(tmp_path, "upstream", port=port))
    books = started(plant.Upstream(upstream.port, tmp_path))

    def is_drained():
        status = books.status
        return status and status.outbox_backlog.messages == 0 and status.intake_backlog.messages == 0 and \
            len(books.windows) > 0 and max(covered(books)[0], default=0) == status.last_sequence
    plant.until(is_drained, "everything that is left", gateway)
    came, announced = covered(books)
    assert announced and not came & announced
    assert came | announced == set(range(1, max(came) + 1))
    assert books.status.counters.summaries_dropped == len(announced)
    assert books.status.counters.tombstones == len(books.summaries("tombstone"))
    assert books.status.store.bound_bytes == 1 << 20 or books.status.store.bound_bytes == 10 ** 6
    plant.until(lambda: "store.dropped" not in {a.id for a in books.status.alarms}, "the alarm is over", gateway)
    assert gateway.end() == 0
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()


def test_full_store_pauses_and_loses_nothing(tmp_path, started):
    port = plant.free_port()
    gateway = start(tmp_path, started, "", port)
    plant.until(lambda: "ingest.paused" in gateway.text() and "store.at_bound" in gateway.text(), "the pause", gateway)

    class Wire:                          # nobody upstream yet
        reading_pb2, _, _ = plant.protocol(tmp_path)

    behind = (FLEET_ENDS_MS - T0_MS) // 60_000
    plant.publish(gateway.devices_port, [(TOPIC, reading(Wire, behind + 15, 1.0)),
                                         (TOPIC, reading(Wire, behind + 60, 4.0))])
    upstream = started(plant.Broker(tmp_path, "upstream", port=port))
    books = started(plant.Upstream(upstream.port, tmp_path))
    plant.until(lambda: books.total("15min", "gwangyang")[0] >= READINGS, "all windows", gateway)
    plant.until(lambda: FLEET_ENDS_MS in books.latest("15min", "gwangyang"), "what came during the pause", gateway)
    assert "ingest.resumed" in gateway.text()
    plant.until(lambda: max(s.sequence for s in books.summaries()) == len(books.summaries()), "no hole", gateway)
    plant.assert_gap_free(books.summaries())
