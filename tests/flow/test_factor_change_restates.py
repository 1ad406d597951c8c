"""A configuration that is read again while the gateway runs: factors that changed restate what was published."""
import signal
from decimal import Decimal

import configs
import plant

TOPIC = "carbon/v1/gwangyang/main-meter/reading"
BEGIN_MS = 1514732400000     # midnight of 2018 in Seoul
QUARTER_MS = 900_000
NEW_TOPICS = """
topics:
  - {topic: "carbon/v1/{site}/{device}/reading", decoder: reading}
  - {topic: "works/{site}/{device}", decoder: reading}
"""


def energy(books, quarter, kwh=7):
    r = books.reading_pb2.Reading(point="active-energy", value=kwh, boot_id=1, sequence=quarter)
    r.time_unix_ms = BEGIN_MS + quarter * QUARTER_MS
    return r.SerializeToString()


def reload(gateway, config, said):
    mark = len(gateway.text())
    gateway.config.write_text(config)
    gateway.child.send_signal(signal.SIGHUP)
    plant.until(lambda: said in gateway.text()[mark:], said, gateway)


def co2e(summary):
    return plant.exact(summary.streams[0].location_based.co2e_g)


def test_closed_windows_leave_again_and_both_results_stay(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    plant.publish(devices.port, [(TOPIC, energy(books, q)) for q in range(1, 13)])
    plant.until(lambda: len(books.latest("15min")) >= 11, "the first revisions", gateway)

    reload(gateway, config.replace("co2: 0.4585", "co2: lots"), "conf.kept")
    assert "lots" in gateway.text()
    reload(gateway, config.replace("co2: 0.4585", "co2: 0.5").replace("segment: 4MB", "segment: 8MB")
           + NEW_TOPICS, "conf.taken")
    assert "option=journal.segment" in gateway.text()
    plant.until(lambda: sum(s.revision == 2 for s in books.latest("15min").values()) >= 11, "the second", gateway)
    for start, s in books.latest("15min", "gwangyang").items():
        first = next(x for x in books.summaries("15min") if x.start_unix_ms == start and x.revision == 1)
        assert (co2e(first), co2e(s)) == (Decimal("3209.5"), Decimal("3500"))
        assert list(s.reasons) == [books.summary_pb2.REASON_FACTOR]

    plant.until(lambda: gateway.text().count("ingest.subscribed") >= 2, "the new topic", gateway)
    plant.publish(devices.port, [("works/gwangyang/main-meter", energy(books, q)) for q in range(13, 15)])
    plant.until(lambda: len(books.latest("15min")) >= 13, "readings by the new topic", gateway)
    assert gateway.end() == 0
    plant.until(lambda: len(books.order) == max(s.sequence for s in books.summaries()), "all", None)
    plant.assert_gap_free(books.summaries())
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()
