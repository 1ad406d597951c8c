"""Whatever the upstream broker does, the gateway goes on taking readings, and every summary arrives in the
end. The broker here is a scripted one: what would take hours or luck with a real one takes a word.
"""
import time

import configs
import fake_broker
import plant
import pytest
from test_bad_input import TOPIC, reading

PROTOCOLS = {"3.1.1": 'protocol: "3.1.1"', "5": 'protocol: "5"'}


class Works:
    """The steelworks between a real device broker and an upstream that is told what to do."""

    def __init__(self, place, started, publish="", upstream=None):
        self.place = place
        self.reading_pb2, _, _ = plant.protocol(place)
        self.devices = started(plant.Broker(place, "devices"))
        self.upstream = upstream or started(fake_broker.FakeBroker())
        self.gateway = started(plant.Gateway(place, configs.steelworks(
            place, self.devices.url(), self.upstream.url(), publish=publish))).ready()

    def measure(self, quarters):
        """A reading for each quarter of an hour, each acknowledged by the time this returns; the last one
        closes the windows of those before."""
        plant.publish(self.devices.port, [(TOPIC, reading(self, 15 * q, 1.0)) for q in quarters])

    def made(self):
        """How many summaries there are, by what an operator sees with sqlite3."""
        return self.ask("select ifnull(max(sequence), 0) from summary")

    def waiting(self):
        return self.ask("select count(*) from outbox")

    def ask(self, question):
        done = plant.subprocess.run([plant.find("sqlite3"), "-readonly", str(self.place / "state" / "store.sqlite"),
                                     question], capture_output=True, text=True)
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 0

    def make(self, quarters):
        """Measures, and waits until as many summaries more are committed at least."""
        before = self.made()
        self.measure(quarters)
        plant.until(lambda: self.made() >= before + len(quarters) - 2, "summaries", self.gateway)

    def came(self):
        return [sequence for sequence, _ in self.upstream.summaries(self.place)]

    def assert_all_arrive(self):
        """Every summary was acknowledged by the broker, and left the outbox."""
        plant.until(lambda: self.waiting() == 0, "an empty outbox", self.gateway)
        assert sorted(set(self.came())) == list(range(1, self.made() + 1))

    def log(self):
        return self.gateway.text()


def test_acknowledgements_that_are_held_back_keep_each_summary_in_flight_once(tmp_path, started):
    works = Works(tmp_path, started, "  window: 7")
    works.upstream.is_holding = True
    works.make(range(1, 30))
    plant.until(lambda: len(works.upstream.held()) == 7, "a full window", works.gateway)
    works.make(range(30, 40))                     # readings are taken all the while
    while works.waiting() > 0:
        assert len(works.upstream.held()) <= 7
        works.upstream.let_go(2)
        plant.until(lambda: works.upstream.held() or works.waiting() == 0, "the next", works.gateway)
    assert works.upstream.most_held <= 7
    assert works.came() == list(range(1, works.made() + 1)), "in order, and none twice"


def test_upstream_that_flaps_loses_no_summary_and_the_order_is_kept(tmp_path, started):
    works = Works(tmp_path, started, "  window: 5")
    works.upstream.cuts_after = 9                 # and the tenth is not acknowledged
    works.make(range(1, 28))
    works.assert_all_arrive()
    assert works.upstream.n_connects >= 4
    first = list(dict.fromkeys(works.came()))
    assert first == sorted(first)
    assert "publish.taken_over" in works.log(), "short connections in a row are told"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_upstream_that_refuses_us_is_told_and_gets_everything_when_it_relents(tmp_path, started, protocol):
    upstream = started(fake_broker.FakeBroker())
    upstream.connack = {"3.1.1": 4, "5": 134}[protocol]       # user name or password are wrong
    works = Works(tmp_path, started, f"  {PROTOCOLS[protocol]}\n", upstream)
    works.make(range(1, 10))
    plant.until(lambda: "publish.turned_away" in works.log(), "the refusal is told", works.gateway)
    assert "user name or password are wrong" in works.log()
    assert works.came() == []
    upstream.connack = 0
    works.assert_all_arrive()
    plant.until(lambda: link(works).attempts_failed >= 1, "the refusals in the status", works.gateway)
    assert "publish.turned_away" not in alarms(works)


def test_summary_refused_by_the_broker_stays_in_the_outbox_while_others_pass(tmp_path, started):
    works = Works(tmp_path, started, "  protocol: '5'\n  window: 20")
    quota_exceeded = 0x97
    works.upstream.puback = lambda m: quota_exceeded if m.topic.endswith("/hour") else 0
    works.make(range(1, 60))
    plant.until(lambda: works.waiting() == hours(works), "all others are through", works.gateway)
    assert works.waiting() >= 10
    assert "publish.refused" in works.log() and "code=151" in works.log()
    plant.until(lambda: "publish.refused" in alarms(works), "the alarm", works.gateway)
    works.upstream.puback = lambda _: 0
    works.upstream.cut()                          # what was refused is tried again at each connect
    works.assert_all_arrive()
    plant.until(lambda: "publish.refused" not in alarms(works), "the end of the alarm", works.gateway)
    assert link(works).refusals >= 10


def test_rate_caps_the_drain_of_a_backlog(tmp_path, started):
    upstream = started(fake_broker.FakeBroker())
    upstream.connack = 3                          # not available
    works = Works(tmp_path, started, "  rate: 20", upstream)
    works.make(range(1, 31))
    began = time.monotonic()                      # earlier than the first can leave: no luck in it
    upstream.connack = 0
    works.assert_all_arrive()
    assert time.monotonic() - began >= (works.made() - 2) / 20
    assert works.came() == list(range(1, works.made() + 1))


def test_newest_first_does_not_let_live_summaries_wait_behind_the_backlog(tmp_path, started):
    upstream = started(fake_broker.FakeBroker())
    upstream.connack = 3
    works = Works(tmp_path, started, "  window: 2\n  order: newest_first", upstream)
    works.make(range(1, 31))
    backlog = works.made()
    upstream.is_holding = True
    upstream.connack = 0
    plant.until(lambda: works.came() == [1, 2], "the backlog begins", works.gateway)
    works.make(range(31, 41))
    live = works.made() - backlog
    for n in range(works.made() - 2):
        upstream.let_go(1)
        plant.until(lambda: len(works.came()) >= n + 3, "the next", works.gateway)
    upstream.let_go()
    works.assert_all_arrive()
    came = works.came()
    assert came[2:live] == list(range(backlog + 1, backlog + live - 1)), "live ones pass the backlog"
    assert sorted(came) == list(range(1, works.made() + 1)), "none twice"
    old = [s for s in came if s <= backlog]
    assert old == sorted(old)


def test_upstream_given_to_another_client_is_told_as_such(tmp_path, started):
    works = Works(tmp_path, started, "  protocol: '5'")
    plant.until(lambda: works.upstream.connections, "a connection", works.gateway)
    works.upstream.goodbye(0x8E)
    plant.until(lambda: "publish.taken_over" in works.log(), "the other client is told", works.gateway)
    assert "another client came with our client id" in works.log()
    plant.until(lambda: "publish.taken_over" in alarms(works), "the alarm", works.gateway)
    assert link(works).takeovers == 1
    works.make(range(1, 5))
    works.assert_all_arrive()


def hours(works):
    return works.ask("select count(*) from summary where period = 'hour'")


def link(works):
    status = works.upstream.status(works.place)
    return status.upstream_link if status else None


def alarms(works):
    status = works.upstream.status(works.place)
    return [alarm.id for alarm in status.alarms] if status else []
