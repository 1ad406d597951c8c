"""The gateway is started again under another configuration, and each message is taken under its own."""
import signal

import configs
import plant

OLD, NEW = "carbon/v1/gwangyang/main-meter/reading", "works/gwangyang/main-meter"
NEW_TOPICS = """
topics:
  - {topic: "works/{site}/{device}", decoder: reading}
"""
BEGIN_MS = 1514732400000     # midnight of 2018 in Seoul
QUARTER_MS = 900_000


def energy(books, quarter, kwh):
    r = books.reading_pb2.Reading(point="active-energy", value=kwh, boot_id=1, sequence=quarter)
    r.time_unix_ms = BEGIN_MS + quarter * QUARTER_MS
    return r.SerializeToString()


def counted(books):
    return sum(site.counted for site in books.status.sites) if books.status else 0


def undecodable(books):
    return books.status.messages.undecodable


def test_what_was_acknowledged_is_taken_under_the_configuration_it_came_under(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    # It dies when the first message stands in the intake and is not taken yet.
    gateway = started(plant.Gateway(tmp_path, config, env={"CARBON_CRASH_AT": "ingest.woken"})).ready()
    plant.publish(devices.port, [(OLD, energy(books, 1, 7))])
    plant.until(lambda: gateway.poll() is not None, "the crash")
    assert gateway.returncode == -signal.SIGKILL

    del gateway.env["CARBON_CRASH_AT"]
    gateway.config.write_text(config + NEW_TOPICS)
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(NEW, energy(books, quarter, 7)) for quarter in (2, 3, 4)])
    plant.until(lambda: counted(books) == 4, "old and new readings", gateway)


def test_topics_of_the_former_configuration_are_unsubscribed(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    assert gateway.end() == 0

    gateway.config.write_text(config + NEW_TOPICS)
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(OLD, energy(books, 1, 7)), (NEW, energy(books, 2, 7))])
    plant.until(lambda: counted(books) == 1, "the new topic's reading", gateway)
    assert undecodable(books) == 0


def test_gateway_under_another_name_counts_from_one(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    plant.publish(devices.port, [(OLD, energy(books, quarter, 7)) for quarter in range(1, 9)])
    plant.until(lambda: len(books.summaries("15min")) >= 7, "the first quarter hours", gateway)
    assert gateway.end() == 0

    gateway.config.write_text(config.replace("gateway: works-1", "gateway: works-2"))
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(OLD, energy(books, quarter, 7)) for quarter in range(9, 17)])
    plant.until(lambda: len(books.summaries("15min")) >= 15, "the second", gateway)
    second = [s.sequence for s in books.summaries() if s.gateway_id == "works-2"]
    assert sorted(second) == list(range(1, len(second) + 1))


def test_last_summaries_leave_before_a_stop(tmp_path, started, brokers):
    """Commits are rare here, and the stop comes between them: what is taken is committed and sent."""
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url(), journal="  commit_every: 60s")
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    plant.publish(devices.port, [(OLD, energy(books, quarter, 7)) for quarter in range(1, 400)])
    assert gateway.end() == 0
    plant.until(lambda: len(books.summaries("15min")) >= 390, "all summaries")
    copies = books.copies

    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(OLD, energy(books, quarter, 7)) for quarter in range(400, 410)])
    assert gateway.end() == 0
    plant.until(lambda: len(books.summaries("15min")) >= 400, "the others")
    assert books.copies == len(books.summaries()) and books.copies > copies    # nothing was sent twice
    plant.assert_gap_free(books.summaries())
