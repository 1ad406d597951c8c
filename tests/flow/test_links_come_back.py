"""Brokers go away and come back; the gateway notices, tells, and goes on by itself."""
import configs
import plant
from test_bad_input import TOPIC, reading


def test_device_broker_restart_is_noticed_and_the_gateway_subscribes_again(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url()))).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0))])
    devices.kill()
    plant.until(lambda: "ingest.lost" in gateway.text(), "the loss is told", gateway)
    devices.start()
    plant.until(devices.answers, "the broker", devices)
    plant.until(lambda: gateway.text().count("ingest.subscribed") == 2, "subscribed again", gateway)
    plant.publish(devices.port, [(TOPIC, reading(books, 30, 2.0)), (TOPIC, reading(books, 120, 4.0))])
    plant.until(lambda: len(books.summaries("15min")) >= 2, "windows of before and after", gateway)
    assert sum(map(plant.activity, books.summaries("15min")[:2])) == 3_000


def test_upstream_that_is_gone_at_the_start_gets_everything_later(tmp_path, started):
    devices = started(plant.Broker(tmp_path, "devices"))
    port = plant.free_port()
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(
        tmp_path, devices.url(), f"mqtt://127.0.0.1:{port}"))).ready()
    reading_pb2, _, _ = plant.protocol(tmp_path)

    class Wire:
        pass

    Wire.reading_pb2 = reading_pb2
    plant.publish(devices.port, [(TOPIC, reading(Wire, 15, 1.0)), (TOPIC, reading(Wire, 120, 4.0))])
    plant.until(lambda: "publish.unreachable" in gateway.text(), "the absence is told", gateway)
    upstream = started(plant.Broker(tmp_path, "upstream", port=port))
    books = started(plant.Upstream(upstream.port, tmp_path))
    plant.until(lambda: books.summaries("15min"), "the window", gateway)
    plant.assert_gap_free(books.summaries())


def test_status_is_retained_and_the_last_will_says_offline(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url()))).ready()
    plant.until(lambda: books.status and books.status.is_online, "online", gateway)
    assert books.status.gateway_id == "works-1"
    gateway.kill()
    plant.until(lambda: not books.status.is_online, "the last will")
    late = started(plant.Upstream(upstream.port, tmp_path, client_id="late"))
    plant.until(lambda: late.status is not None, "the retained status")
    assert not late.status.is_online


def test_sigterm_leaves_in_good_order_and_the_next_start_has_nothing_to_redo(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url()))).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 120, 4.0))])
    plant.until(lambda: books.summaries("15min"), "the window", gateway)
    assert gateway.end() == 0
    before = books.copies
    gateway.start()
    gateway.ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 240, 1.0))])
    plant.until(lambda: books.latest("15min", "gwangyang").get(books_start(120 - 15)), "the next window", gateway)
    assert books.copies - before == len(books.summaries()) - before


def books_start(minutes):
    from test_bad_input import T0_MS
    return T0_MS + minutes * 60_000
