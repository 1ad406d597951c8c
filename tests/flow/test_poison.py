"""A message that brings the gateway down twice is set aside on the third start; one at which it was killed,
however often, is not."""
import signal
from pathlib import Path

import configs
import plant
import pytest

PLUGINS = plant.BUILD / "tests" / "plugin"
TOPIC = "carbon/v1/gwangyang/main-meter/reading"
POISON = "factory/gwangyang/main-meter/crasher"
START = 1519830900000                      # 2018-03-01 00:15 in Seoul


def config(place, devices, upstream):
    text = configs.steelworks(place, devices.url(), upstream.url(), journal="  commit_every: 20ms")
    return text.replace(f"plugins: {plant.PLUGINS}", f"plugins: {PLUGINS}") + """
topics:
  - {topic: "carbon/v1/{site}/{device}/reading", decoder: reading}
  - {topic: "factory/{site}/{device}/crasher", decoder: crasher}
"""


def reading(books, minutes, value):
    return books.reading_pb2.Reading(point="active-energy", time_unix_ms=START + minutes * 60_000,
                                     value=value).SerializeToString()


def site(books, name):
    return next((s for s in books.status.sites if s.site_id == name), None) if books.status else None


def ends(gateway, number):
    plant.until(lambda: gateway.poll() is not None, "the crash")
    assert gateway.returncode == -number


def replayed(tmp_path, name):
    return plant.replayed(tmp_path, tmp_path / "state", name, ("--plugins", str(PLUGINS)))


@pytest.mark.parametrize("how, number", [("SEGV", signal.SIGSEGV), ("BUS", signal.SIGBUS),
                                         ("ABRT", signal.SIGABRT), ("FPE", signal.SIGFPE)])
def test_message_that_crashes_the_gateway_twice_is_set_aside(tmp_path, started, brokers, how, number):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config(tmp_path, devices, upstream),
                                    env={"ASAN_OPTIONS": "allow_user_segv_handler=1"})).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 0, 1)), (POISON, "no crash")])
    plant.publish(devices.port, [(POISON, how)])
    ends(gateway, number)
    gateway.start()
    ends(gateway, number)
    assert "poison.suspect" in gateway.since_start()

    gateway.start()
    gateway.ready()
    assert "poison.set_aside" in gateway.since_start()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 2)), (TOPIC, reading(books, 120, 3))])
    plant.until(lambda: books.total("15min", "gwangyang")[1] == 3_000, "the readings before and behind it",
                gateway)
    assert gateway.end() == 0
    assert replayed(tmp_path, "replay") == books.payloads_by_sequence()

    gateway.start()
    gateway.ready()
    nobody = plant.until(lambda: site(books, "-"), "the status", gateway)
    verdict = books.summary_pb2.Verdict.Value("VERDICT_POISON")
    assert [(v.verdict, v.count) for v in nobody.rejected_by_reason] == [(verdict, 1)]
    assert not any(s.is_unbalanced for s in books.status.sites)
    assert gateway.end() == 0


def test_twenty_kills_in_the_middle_of_a_message_set_nothing_aside(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config(tmp_path, devices, upstream))).ready()
    gateway.kill()
    gateway.env["CARBON_CRASH_AT"] = "pipeline.derived"
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 0, 1))])
    ends(gateway, signal.SIGKILL)
    for _ in range(19):
        gateway.start()
        ends(gateway, signal.SIGKILL)
    del gateway.env["CARBON_CRASH_AT"]
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 120, 3))])
    plant.until(lambda: books.summaries("15min"), "the reading", gateway)
    assert plant.activity(books.summaries("15min")[0]) == 1_000
    assert "poison" not in gateway.text()
    assert gateway.end() == 0
    assert replayed(tmp_path, "replay") == books.payloads_by_sequence()


def test_segment_whose_pages_are_gone_is_named_before_anything_is_acknowledged(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config(tmp_path, devices, upstream))).ready()
    segment = next(Path(tmp_path / "state" / "intake").glob("*.segment"))
    with open(segment, "r+b") as f:
        f.truncate(4096)
    plant.publish(devices.port, [(TOPIC, reading(books, 0, 1))])
    ends(gateway, signal.SIGBUS)
    assert f"gateway.bus file={segment}" in gateway.text()

    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 120, 3))])
    plant.until(lambda: books.summaries("15min"), "the message, sent again by the broker", gateway)
    assert plant.activity(books.summaries("15min")[0]) == 1_000
    assert gateway.end() == 0
