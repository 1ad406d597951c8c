"""What comes late leaves as the next revision, with what it supersedes and why; nothing is dropped."""
import configs
import plant
from test_bad_input import T0_MS, TOPIC, reading, verdict


def start(tmp_path, started, brokers, extra=""):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    text = configs.steelworks(tmp_path, devices.url(), upstream.url()) + extra
    gateway = started(plant.Gateway(tmp_path, text)).ready()
    return books, gateway, devices.port


def quarter(books, minutes):
    return books.latest("15min", "gwangyang").get(T0_MS + minutes * 60_000)


def test_late_reading_leaves_as_the_next_revision_with_before_and_after(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    plant.publish(port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 45, 4.0))])
    plant.until(lambda: quarter(books, 15), "the window with a gap", gateway)
    first = quarter(books, 15)
    assert first.revision == 1 and plant.activity(first) == 0
    assert first.quality.valid_ms == 0 and first.quality.expected_ms == 900_000

    plant.publish(port, [(TOPIC, reading(books, 30, 2.0))])
    plant.until(lambda: quarter(books, 15).revision == 2, "the revision", gateway)
    second = quarter(books, 15)
    assert plant.activity(second) == 2_000
    assert second.quality.valid_ms == 900_000
    assert list(second.reasons) == [books.summary_pb2.Reason.Value("REASON_LATE")]
    energy = [c for c in second.supersedes.changes if c.stream_id and c.line == books.summary_pb2.Line.Value("LINE_ACTIVITY")][0]
    assert (plant.exact(energy.before), plant.exact(energy.after)) == (0, 2_000)
    total = [c for c in second.supersedes.changes if not c.stream_id][0]
    assert plant.exact(total.after) == 917


def test_reading_outside_the_bound_stands_unverified_and_in_no_total(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers, "\nlateness: 1h\n")
    plant.publish(port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 240, 4.0))])
    plant.until(lambda: quarter(books, 210), "the windows", gateway)
    plant.publish(port, [(TOPIC, reading(books, 30, 2.0))])
    plant.until(lambda: quarter(books, 15).revision == 2, "the revision", gateway)
    late = quarter(books, 15)
    assert plant.activity(late) == 0
    assert plant.exact(late.streams[0].unverified.amount) == 2_000
    assert late.streams[0].unverified.readings == 1


def test_silent_device_does_not_keep_windows_open(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    text = configs.steelworks(tmp_path, devices.url(), upstream.url()) + "idle: 1s\n"
    text = text.replace("    devices:\n", """    devices:
      - id: second-meter
        points:
          - {id: active-energy, kind: interval, interval: 15min, stamp: end, unit: kWh,
             stream: purchased-electricity}
""")
    gateway = started(plant.Gateway(tmp_path, text)).ready()
    second = TOPIC.replace("main-meter", "second-meter")
    plant.publish(devices.port, [(second, reading(books, 15, 1.0)), (TOPIC, reading(books, 15, 1.0)),
                                 (TOPIC, reading(books, 30, 1.0))])
    plant.until(lambda: quarter(books, 0), "the window, once the second meter counts as silent", gateway)
    assert plant.activity(quarter(books, 0)) == 2_000


def test_retained_status_tells_what_became_of_every_reading(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    plant.publish(port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 15, 1.0)), (TOPIC, b"\xff")])
    plant.until(lambda: books.status and books.status.messages.undecodable == 1, "the status", gateway)
    assert books.status.messages.journalled == 3
    assert books.status.messages.decoded == 2
    assert verdict(books, "UNDECODABLE") in {row.verdict for site in books.status.sites
                                             for row in site.rejected_by_reason}
