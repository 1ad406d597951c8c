"""Bad input is counted with its verdict and told on the rejected topic, and nothing else stops."""
import time

import configs
import plant
import pytest

TOPIC = "carbon/v1/gwangyang/main-meter/reading"
T0_MS = 1_519_830_000_000    # 2018-02-28T15:00:00Z, midnight in Seoul


@pytest.fixture
def works(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url()).replace(
        "stamp: end, unit: kWh,", "stamp: end, unit: kWh, max_rate: 10000,")
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    return books, gateway, devices.port


def reading(books, minutes=15, value=100.0, **fields):
    r = books.reading_pb2.Reading(point="active-energy", time_unix_ms=T0_MS + minutes * 60_000, value=value)
    for name, v in fields.items():
        setattr(r, name, v)
    return r.SerializeToString()


def verdict(books, name):
    return books.summary_pb2.Verdict.Value(f"VERDICT_{name}")


CASES = {
    "undecodable payload": ("UNDECODABLE", TOPIC, lambda b: b"\xff\xff not protobuf"),
    "payload of 0 bytes": ("UNDECODABLE", TOPIC, lambda b: b""),
    "payload of 10 MB": ("TOO_LARGE", TOPIC, lambda b: b"\0" * 10_000_000),
    "unknown site": ("UNKNOWN_SITE", "carbon/v1/nowhere/main-meter/reading", reading),
    "unknown device": ("UNKNOWN_DEVICE", "carbon/v1/gwangyang/no-meter/reading", reading),
    "unknown point": ("UNKNOWN_POINT", TOPIC, lambda b: reading(b, point="no-point")),
    "topic of odd UTF-8": ("UNKNOWN_SITE", "carbon/v1/gw\u00e4ngyang\u2028\U0001f4a1/\u0301/reading", reading),
    "wrong unit": ("BAD_UNIT", TOPIC, lambda b: reading(b, unit=b.reading_pb2.UNIT_MWH)),
    "not a number": ("NOT_A_NUMBER", TOPIC, lambda b: reading(b, value=float("nan"))),
    "infinity": ("NOT_A_NUMBER", TOPIC, lambda b: reading(b, value=float("inf"))),
    "beyond what 63 bits hold": ("OUT_OF_RANGE", TOPIC, lambda b: reading(b, value=1e300)),
    "beyond the declared rate": ("OUT_OF_RANGE", TOPIC, lambda b: reading(b, value=99_999.0)),
    "time in the future": ("BAD_TIME", TOPIC,
                           lambda b: reading(b, time_unix_ms=int(time.time() * 1000) + 3_600_000)),
    "time before 2000": ("BAD_TIME", TOPIC, lambda b: reading(b, time_unix_ms=946_684_799_000)),
    "negative time": ("BAD_TIME", TOPIC, lambda b: reading(b, time_unix_ms=-1)),
}


def test_each_kind_of_bad_input_is_counted_and_told_and_nothing_stops(works):
    books, gateway, port = works
    messages = []
    for n, (_, topic, payload) in enumerate(CASES.values()):
        messages.append((TOPIC, reading(books, minutes=15 * (n + 1), value=1.5)))
        messages.append((topic, payload(books)))
    messages.append((TOPIC, reading(books, minutes=15 * (len(CASES) + 1), value=1.5)))
    plant.publish(port, messages)

    expected = {}
    for name, _, _ in CASES.values():
        expected[verdict(books, name)] = expected.get(verdict(books, name), 0) + 1
    plant.until(lambda: told(books) == expected, f"rejected messages {expected}", gateway)
    plant.until(lambda: counted(books) == len(CASES) + 1, "the good readings in between", gateway)
    assert all(len(r.payload) <= 1024 for r in books.rejected)
    large = [r for r in books.rejected if r.verdict == verdict(books, "TOO_LARGE")]
    assert large[0].payload_size == 10_000_000
    for site in books.status.sites:
        assert not site.is_unbalanced
        assert site.received == site.counted + site.duplicate + site.late + site.rejected
    assert in_status(books) == expected
    good = books.latest("15min").values()
    assert sum(map(plant.activity, good)) == 1_500 * len(good)


def told(books):
    out = {}
    for r in list(books.rejected):
        out[r.verdict] = out.get(r.verdict, 0) + 1
    return out


def counted(books):
    return sum(s.counted for s in books.status.sites) if books.status else 0


def in_status(books):
    out = {}
    for site in books.status.sites:
        for row in site.rejected_by_reason:
            out[row.verdict] = out.get(row.verdict, 0) + row.count
    return out


def test_contradiction_between_topic_and_payload_is_rejected(works):
    books, gateway, port = works
    plant.publish(port, [(TOPIC, reading(books, device_id="another-meter"))])
    plant.until(lambda: len(books.rejected) == 1, "the rejected message", gateway)


def test_two_values_for_one_time_are_a_conflict_and_the_books_balance(works):
    books, gateway, port = works
    plant.publish(port, [(TOPIC, reading(books, value=1.0, sequence=1, boot_id=9)),
                         (TOPIC, reading(books, value=2.0, sequence=2, boot_id=9)),
                         (TOPIC, reading(books, value=2.0, sequence=2, boot_id=9)),
                         (TOPIC, reading(books, minutes=90, value=0.0))])
    plant.until(lambda: books.latest("15min", "gwangyang").get(T0_MS), "the window", gateway)
    assert plant.activity(books.latest("15min", "gwangyang")[T0_MS]) == 2_000
    plant.until(lambda: books.status and sum(s.received for s in books.status.sites) == 4, "the status", gateway)
    row = [s for s in books.status.sites if s.site_id == "gwangyang"][0]
    assert (row.counted, row.duplicate, row.rejected, row.reclassified) == (2, 1, 1, 1)


def test_retained_reading_that_comes_again_counts_once(works):
    books, gateway, port = works
    plant.publish(port, [(TOPIC, reading(books)), (TOPIC, reading(books)), (TOPIC, reading(books, minutes=90))])
    plant.until(lambda: books.latest("15min", "gwangyang").get(T0_MS), "the window", gateway)
    assert plant.activity(books.latest("15min", "gwangyang")[T0_MS]) == 100_000
