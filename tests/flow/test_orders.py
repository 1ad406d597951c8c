"""What people order: written down with who and why, carried out once, answered, and published as revisions."""
import subprocess

import configs
import plant
from test_bad_input import T0_MS, TOPIC, reading


def order(gateway, *args, is_done=True):
    state = gateway.config.read_text().split("state:")[1].split()[0]
    done = subprocess.run([str(plant.GATEWAY), args[0], "--state", state, *args[1:]], capture_output=True,
                          text=True, timeout=plant.PATIENCE_S)
    assert done.returncode == (0 if is_done else 1), done.stderr + done.stdout
    return done.stdout if is_done else done.stderr


SIGNED = ("--who", "Kim", "--why", "hand-written log, page 7")
MANUAL = ("manual", *SIGNED, "--site", "gwangyang", "--stream", "purchased-electricity", "--from",
          "2018-02-28T15:15:00Z", "--until", "2018-02-28T15:30:00Z", "--value", "2.5")


def quarter(books, minutes):
    return books.latest("15min", "gwangyang").get(T0_MS + minutes * 60_000)


def test_an_order_is_answered_published_listed_and_taken_back(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url()))).ready()
    plant.publish(devices.port, [(TOPIC, reading(books, 15, 1.0)), (TOPIC, reading(books, 45, 4.0))])
    plant.until(lambda: quarter(books, 15), "the window with a gap", gateway)

    number = order(gateway, *MANUAL).split()[1]
    plant.until(lambda: quarter(books, 15).revision == 2, "the revision", gateway)
    second = quarter(books, 15)
    assert plant.activity(second) == 2_500
    assert plant.exact(second.streams[0].parts.manual) == 2_500
    assert list(second.reasons) == [books.summary_pb2.REASON_OPERATOR]
    assert second.operator_ref == number

    assert "no stream" in order(gateway, *[a.replace("purchased-", "") for a in MANUAL], is_done=False)
    assert "not all windows" in order(gateway, "lock", *SIGNED, "--site", "gwangyang", "--from", "2018-03-01",
                                      "--to", "2018-03-01", is_done=False)

    gateway.kill()                       # an order that nobody takes now waits for the next start
    waiting = subprocess.Popen([str(plant.GATEWAY), "undo", "--state", str(tmp_path / "state"), *SIGNED, "--order",
                                number], stdout=subprocess.PIPE, text=True)
    plant.until(lambda: list((tmp_path / "state" / "requests").glob("*.order")), "the request", waiting)
    gateway.env["CARBON_CRASH_AT"] = "logbook.order"     # behind its entry, before its answer
    gateway.start()
    plant.until(lambda: gateway.poll() is not None, "the crash")
    del gateway.env["CARBON_CRASH_AT"]
    gateway.start()
    assert "is taken back" in waiting.communicate(timeout=plant.PATIENCE_S)[0]
    plant.until(lambda: quarter(books, 15).revision == 3, "the taking back", gateway)
    assert plant.activity(quarter(books, 15)) == 0

    listed = order(gateway, "orders")
    assert "manual by Kim: hand-written log, page 7" in listed and "taken back by order" in listed
    assert gateway.end() == 0
    assert plant.replayed(tmp_path, tmp_path / "state") == books.payloads_by_sequence()
