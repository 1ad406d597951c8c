"""A clock that nobody set is told, in the log and as an alarm, and no device is blamed for it. Takes about 12 s."""
import time

import configs
import plant

TOPIC = "carbon/v1/gwangyang/main-meter/reading"


def ahead(books, hours):
    at_ms = int(time.time() * 1000) + hours * 3_600_000
    return books.reading_pb2.Reading(point="active-energy", time_unix_ms=at_ms, value=1.5).SerializeToString()


def alarms(books):
    return {a.id for a in books.status.alarms} if books.status else set()


def counted(books):
    return sum(site.counted for site in books.status.sites)


def test_clock_that_is_not_synchronised_is_told_and_nothing_is_from_the_future(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config, env={"CARBON_CLOCK": "unknown"})).ready()
    plant.until(lambda: "clock.unsynchronised" in alarms(books), "the alarm", gateway)
    assert not books.status.is_clock_synchronised
    assert gateway.text().count("warn clock.unsynchronised") == 1
    plant.publish(devices.port, [(TOPIC, ahead(books, 1))])
    plant.until(lambda: counted(books) == 1, "a reading that may be right", gateway)
    assert gateway.text().count("warn clock.unsynchronised") == 1, "once, not with each status"

    gateway.end()
    gateway.env["CARBON_CLOCK"] = "synchronised"
    gateway.start()
    gateway.ready()
    plant.until(lambda: books.status.is_clock_synchronised, "a status under the right clock", gateway)
    assert "clock.unsynchronised" not in alarms(books)
    assert "clock.unsynchronised" not in gateway.since_start()
    plant.publish(devices.port, [(TOPIC, ahead(books, 2))])
    plant.until(lambda: books.rejected, "the verdict", gateway)
    assert [r.verdict for r in books.rejected] == [books.summary_pb2.Verdict.Value("VERDICT_BAD_TIME")]
