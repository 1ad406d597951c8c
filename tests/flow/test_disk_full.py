"""A disk that fills: the gateway leaves in time, keeps what it has, and comes back by itself.

How full the disk is stands in a file that a test build asks instead of the file system.
"""
import shutil

import configs
import plant
from test_bad_input import TOPIC, reading

MB = 1 << 20
PLENTY, BELOW_RESERVE = 1024 * MB, 48 * MB


class Disk:
    def __init__(self, place):
        self.path = place / "free-bytes"
        self.has(PLENTY)

    def has(self, n):
        new = self.path.with_suffix(".new")
        new.write_text(str(n))
        new.replace(self.path)

    def env(self):
        return {"CARBON_FREE_BYTES_FILE": str(self.path)}


def alarms(books):
    return {a.id for a in books.status.alarms} if books.status else set()


def test_gateway_leaves_a_nearly_full_disk_and_returns_when_there_is_room(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    disk = Disk(tmp_path)
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config, disk.env())).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0))])

    disk.has(BELOW_RESERVE)
    plant.until(lambda: "disk.full" in alarms(books), "the alarm", gateway)
    status = books.status
    assert status.device_links[0].state == books.status_pb2.LINK_STATE_PAUSED
    assert status.counters.pauses == 1
    plant.publish(devices.port, [(TOPIC, reading(books, 30, 2.0)), (TOPIC, reading(books, 120, 4.0))])

    disk.has(PLENTY)
    plant.until(lambda: len(books.summaries("15min")) >= 2, "windows of before and after", gateway)
    plant.until(lambda: "disk.full" not in alarms(books), "the alarm is over", gateway)
    assert sum(map(plant.activity, books.summaries("15min")[:2])) == 3_000
    assert gateway.end() == 0


def test_restart_on_a_nearly_full_disk_waits_without_subscribing(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    disk = Disk(tmp_path)
    config = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, config, disk.env())).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0))])
    gateway.kill()

    disk.has(BELOW_RESERVE)
    plant.publish(devices.port, [(TOPIC, reading(books, 30, 2.0)), (TOPIC, reading(books, 120, 4.0))])
    gateway.start()
    plant.until(lambda: "disk.full" in gateway.since_start(), "the pause", gateway)
    plant.until(lambda: "publish.connected" in gateway.since_start(), "upstream is served meanwhile", gateway)
    assert "ingest.connected" not in gateway.since_start()
    disk.has(PLENTY)
    gateway.ready()
    plant.until(lambda: len(books.summaries("15min")) >= 2, "all windows", gateway)
    assert sum(map(plant.activity, books.summaries("15min")[:2])) == 3_000


def test_store_without_room_is_written_when_there_is_some(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    disk = Disk(tmp_path)
    config = configs.steelworks(tmp_path, devices.url(), upstream.url(), journal="  commit_every: 50ms")
    gateway = started(plant.Gateway(tmp_path, config, disk.env())).ready()
    # Below what the store wants, and none of it allocated: what is under way still finds half a segment.
    disk.has(0)
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 30, 2.0)),
                                 (TOPIC, reading(books, 120, 4.0))])
    plant.until(lambda: "disk.full" in gateway.text(), "the pause", gateway)
    disk.has(PLENTY)
    plant.until(lambda: len(books.summaries("15min")) >= 2, "all windows", gateway)
    assert sum(map(plant.activity, books.summaries("15min")[:2])) == 3_000
    plant.assert_gap_free(books.summaries())


def test_removed_state_directory_ends_the_gateway_with_a_clear_line(tmp_path, started, brokers):
    devices, upstream = brokers
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url()))).ready()
    shutil.move(tmp_path / "state", tmp_path / "elsewhere")
    assert gateway.child.wait(plant.PATIENCE_S) == 1
    assert f"{tmp_path}/state: was removed or replaced" in gateway.text()
    (tmp_path / "elsewhere").rename(tmp_path / "state")
    gateway.start()
    gateway.ready()
