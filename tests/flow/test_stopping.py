"""An orderly stop leaves nothing to do again, says that it was one, and waits for nobody who is silent.

Each test goes by what is written and retained, never by a stopwatch: a stop that waited for a broker that
does not answer would not end at all."""
import re
import signal
import socket
import threading

import configs
import plant
import pytest
from test_restart_loses_nothing import SHAPE, describe, expected_of, totals_of


def redone(gateway):
    """What the start followed again, by its own word."""
    plant.until(lambda: "gateway.ready" in gateway.since_start(), "the start", gateway)
    return int(re.search(r"gateway\.ready .*redone=(\d+)", gateway.since_start()).group(1))


def reason(upstream, place, started, wanted, client_id):
    """Waits for the reason in the retained status, as somebody sees it who comes later."""
    late = started(plant.Upstream(upstream.port, place, client_id))
    offline = late.status_pb2.OfflineReason.Value(wanted)
    return plant.until(lambda: late.status is not None and not late.status.is_online
                       and late.status.offline_reason == offline, wanted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_under_load_leaves_nothing_to_do_again(tmp_path, started, brokers, number):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.synthetic(tmp_path, devices.url(), upstream.url(), describe(),
                               journal="  commit_every: 1min")
    gateway = started(plant.Gateway(tmp_path, config, env={"CARBON_CRASH_AT": "loop.took:3"})).ready()
    fleet = started(plant.Program(
        [plant.FLEET, "--broker", devices.url(), *SHAPE, "--rate", "5000", "--end-state", "--totals",
         tmp_path / "totals.json"], tmp_path / "fleet.log"))
    plant.until(lambda: gateway.poll() is not None, "a crash, after which there is something to do again")
    del gateway.env["CARBON_CRASH_AT"]
    gateway.start()
    assert redone(gateway) > 0
    plant.until(lambda: books.summaries(), "the load", gateway)
    assert gateway.end(number) == 0

    # A kill in the middle of a start that has nothing to follow leaves the position where it was.
    gateway.env["CARBON_CRASH_AT"] = "start.caught_up"
    gateway.start()
    plant.until(lambda: gateway.poll() is not None, "the crash at the start")
    del gateway.env["CARBON_CRASH_AT"]
    gateway.start()
    assert redone(gateway) == 0
    assert fleet.child.wait(plant.PATIENCE_S) == 0
    expected = expected_of(plant.fleet_totals(tmp_path / "totals.json"))
    plant.until(lambda: totals_of(books) == expected, "the exact totals", gateway)
    assert gateway.end(number) == 0
    plant.assert_gap_free(books.summaries())
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()


def test_retained_status_tells_a_stop_from_a_loss(tmp_path, started, brokers):
    devices, upstream = brokers
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(),
                                                                 upstream.url()))).ready()
    gateway.child.send_signal(signal.SIGHUP)  # is no reason to end
    assert gateway.end() == 0
    assert reason(upstream, tmp_path, started, "OFFLINE_REASON_STOPPED", "after the stop")
    gateway.start()
    gateway.ready()
    gateway.kill()
    assert reason(upstream, tmp_path, started, "OFFLINE_REASON_LOST", "after the kill")


def test_upstream_that_hangs_gets_no_goodbye_so_that_it_sends_the_will(tmp_path, started, brokers):
    devices, upstream = brokers
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(),
                                                                 upstream.url()))).ready()
    plant.until(lambda: "publish.connected" in gateway.since_start(), "upstream", gateway)
    upstream.child.send_signal(signal.SIGSTOP)
    assert gateway.end() == 0
    assert "gateway.cut" in gateway.since_start()
    upstream.child.send_signal(signal.SIGCONT)
    assert reason(upstream, tmp_path, started, "OFFLINE_REASON_LOST", "after the hang")


def test_upstream_that_never_answers_does_not_keep_the_gateway(tmp_path, started):
    devices = started(plant.Broker(tmp_path, "devices"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        caller = threading.Thread(target=silent.accept, daemon=True)
        caller.start()
        gateway = started(plant.Gateway(tmp_path, configs.steelworks(
            tmp_path, devices.url(), f"mqtt://127.0.0.1:{silent.getsockname()[1]}"))).ready()
        caller.join(plant.PATIENCE_S)
        assert not caller.is_alive()
        assert gateway.end() == 0


def test_second_signal_ends_it_at_once(tmp_path, started, brokers):
    devices, upstream = brokers
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(),
                                                                 upstream.url()))).ready()
    plant.until(lambda: "publish.connected" in gateway.since_start(), "upstream", gateway)
    upstream.child.send_signal(signal.SIGSTOP)
    gateway.child.send_signal(signal.SIGTERM)
    plant.until(lambda: "gateway.stopping" in gateway.since_start(), "the first signal", gateway)
    assert gateway.end() == 0
    assert "gateway.ended" in gateway.since_start()
