"""What a device broker may do to us is seen, counted in the status, held as an alarm, and never silent."""
import configs
import fake_broker
import plant
import pytest
from test_bad_input import TOPIC, reading

DROPPED = "$SYS/broker/publish/messages/dropped"


class Works:
    """The steelworks between a device broker that is told what to do and a real upstream."""

    def __init__(self, place, started, devices, ingest=""):
        self.devices = devices
        upstream = started(plant.Broker(place, "upstream"))
        self.books = started(plant.Upstream(upstream.port, place))
        self.gateway = started(plant.Gateway(place, configs.steelworks(
            place, devices.url(), upstream.url(), ingest=ingest))).ready()

    def link(self):
        return self.books.status.device_links[0]

    def until_alarm(self, name):
        plant.until(lambda: self.books.status and name in self.alarms(), f"the alarm {name}", self.gateway)

    def until_over(self, name):
        plant.until(lambda: name not in self.alarms(), f"the end of {name}", self.gateway)

    def until_refuted(self):
        refuted = self.books.status_pb2.LOSSLESS_CLAIM_REFUTED
        plant.until(lambda: self.books.status.guarantees.lossless == refuted, "the refuted claim", self.gateway)

    def alarms(self):
        return [alarm.id for alarm in self.books.status.alarms]


def test_session_that_the_broker_forgot_is_told_counted_and_over_when_it_keeps_the_next(tmp_path, started):
    works = Works(tmp_path, started, started(fake_broker.FakeBroker()))
    works.devices.cut()
    works.until_alarm("ingest.session_lost")
    assert "ingest.session_lost" in works.gateway.text()
    works.until_refuted()
    assert works.link().sessions_lost == 1
    works.devices.has_session = True
    works.devices.cut()
    works.until_over("ingest.session_lost")
    assert works.link().sessions_lost == 1


def test_broker_that_drops_is_told_with_numbers(tmp_path, started):
    works = Works(tmp_path, started, started(fake_broker.FakeBroker()))
    plant.until(lambda: DROPPED in works.devices.filters, "the watch", works.gateway)
    works.devices.say(DROPPED, b"17", retain=True)          # of before us
    works.devices.say(DROPPED, b"1997")
    works.until_alarm("ingest.broker_drops")
    assert "ingest.broker_drops n=1980 total=1980" in works.gateway.text()
    works.until_refuted()
    assert works.link().broker_drops == 1980
    assert works.books.status.messages.journalled == 0


def test_drops_of_a_stock_mosquitto_are_seen_when_we_come_back(tmp_path, started):
    broker = started(plant.Broker(tmp_path, "devices", is_stock=True,
                                  conf="max_queued_messages 10\nsys_interval 1"))
    works = Works(tmp_path, started, broker)
    # Held, the gateway takes nothing; the broker holds its session and drops what goes beyond.
    plant.until(lambda: works.books.status is not None, "a status", works.gateway)
    works.gateway.child.send_signal(plant.signal.SIGSTOP)
    plant.publish(broker.port, [(TOPIC, reading(works.books, 15, 1.0))] * 60)
    works.gateway.child.send_signal(plant.signal.SIGCONT)
    works.until_alarm("ingest.broker_drops")
    assert works.link().broker_drops > 0


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_broker_that_does_not_show_its_drops_does_no_harm_and_is_asked_once(tmp_path, started, protocol):
    devices = started(fake_broker.FakeBroker())
    devices.suback = lambda name: 0x80 if name == DROPPED else 1
    works = Works(tmp_path, started, devices, f'  protocol: "{protocol}"')
    plant.until(lambda: "ingest.drops_unwatched" in works.gateway.text(), "the refusal", works.gateway)
    devices.cut()
    plant.until(lambda: works.gateway.text().count("ingest.subscribed") == 2, "a second time", works.gateway)
    assert works.gateway.text().count("ingest.drops_unwatched") == 1
    assert devices.filters.count(DROPPED) == 1


def test_second_client_with_our_id_is_named_by_mqtt_5(tmp_path, started):
    works = Works(tmp_path, started, started(fake_broker.FakeBroker()))
    works.devices.goodbye(0x8E)
    works.until_alarm("ingest.taken_over")
    assert "another client came with our client id" in works.gateway.text()
    assert works.link().takeovers == 1


def test_second_client_with_our_id_is_suspected_under_mqtt_3(tmp_path, started):
    devices = started(fake_broker.FakeBroker())
    works = Works(tmp_path, started, devices, '  protocol: "3.1.1"')
    devices.has_session = True
    devices.cuts_connections = True
    devices.cut()
    plant.until(lambda: "ingest.taken_over" in works.gateway.text(), "the suspicion", works.gateway)
    assert "perhaps another client comes with our client id" in works.gateway.text()
    assert works.gateway.text().count("ingest.lost") >= 3
    works.until_alarm("ingest.taken_over")


def test_two_gateways_with_one_id_on_a_real_broker_both_say_so(tmp_path, started):
    broker = started(plant.Broker(tmp_path, "devices"))
    works = Works(tmp_path, started, broker, "  client_id: twin")
    other = tmp_path / "other"
    other.mkdir()
    upstream = started(plant.Broker(other, "upstream"))
    second = started(plant.Gateway(other, configs.steelworks(
        other, broker.url(), upstream.url(), ingest="  client_id: twin").replace("works-1", "works-2")))
    for gateway in (works.gateway, second):
        plant.until(lambda: "ingest.taken_over" in gateway.text(), "told", gateway)


def test_device_broker_that_refuses_us_is_told_and_held_as_an_alarm(tmp_path, started):
    devices = started(fake_broker.FakeBroker())
    works = Works(tmp_path, started, devices)
    devices.connack = 0x87
    devices.cut()
    works.until_alarm("ingest.turned_away")
    assert "not authorized" in works.link().last_error
    assert works.link().state == works.books.status_pb2.LINK_STATE_REFUSED
    devices.connack = 0
    works.until_over("ingest.turned_away")
