"""Whatever becomes of the files of the state, the gateway starts, says what is missing, and goes on."""
import shutil

import configs
import plant
from test_bad_input import TOPIC, reading


def start(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, configs.steelworks(tmp_path, devices.url(), upstream.url(),
                                                                 journal="  commit_every: 50ms"))).ready()
    return books, gateway, devices.port


def publish(books, port, first, last):
    """A kilowatt hour in each of these quarters of an hour, counted from 1; the later closes the earlier."""
    plant.publish(port, [(TOPIC, reading(books, 15 * n, 1.0)) for n in range(first, last + 1)])


def quarters(books):
    return {s.start_unix_ms: s for s in sorted(books.summaries("15min"),
                                               key=lambda s: (s.epoch_ordinal, s.revision))}


def total(books):
    return sum(plant.activity(s) for s in quarters(books).values())


def published(books, gateway, n):
    plant.until(lambda: len(quarters(books)) >= n, f"{n} windows", gateway)
    return len(quarters(books))


def ordinals(books):
    return {s.epoch_ordinal for s in books.summaries()}


def spoil(path, begin=4096):
    with open(path, "r+b") as f:
        f.seek(0, 2)
        size = f.tell()
        f.seek(begin)
        f.write(b"\x5a" * (size - begin))


def test_store_that_is_gone_is_rebuilt_and_a_new_epoch_goes_on(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    publish(books, port, 1, 20)
    n = published(books, gateway, 19)
    gateway.kill()
    for path in (tmp_path / "state").glob("store.sqlite*"):
        path.unlink()
    gateway.start()
    gateway.ready()
    assert "store.rebuilt" in gateway.since_start() and "epoch.begun epoch=2" in gateway.since_start()
    publish(books, port, 21, 40)
    published(books, gateway, n + 20)
    assert total(books) == 1000 * len(quarters(books))
    assert ordinals(books) == {1, 2}
    assert gateway.end() == 0


def test_store_that_is_damaged_while_running_is_made_anew_by_the_running_gateway(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    publish(books, port, 1, 20)
    n = published(books, gateway, 19)
    assert gateway.end() == 0                            # so that nothing of it stands in the WAL
    store = tmp_path / "state" / "store.sqlite"
    gateway.start()
    gateway.ready()
    spoil(store)
    publish(books, port, 21, 40)
    published(books, gateway, n + 20)
    assert "store.set_aside" in gateway.since_start() and "gateway.restarting" in gateway.since_start()
    assert (tmp_path / "state" / "store.sqlite.damaged-1").exists()
    assert total(books) == 1000 * len(quarters(books))
    assert gateway.end() == 0


def test_log_book_that_is_gone_costs_an_epoch_and_no_reading(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    publish(books, port, 1, 20)
    n = published(books, gateway, 19)
    gateway.kill()
    shutil.rmtree(tmp_path / "state" / "logbook")
    gateway.start()
    gateway.ready()
    assert "logbook.gone" in gateway.since_start()
    publish(books, port, 21, 40)
    published(books, gateway, n + 20)
    assert total(books) == 1000 * len(quarters(books))
    assert ordinals(books) == {1, 2}
    assert gateway.end() == 0


def test_everything_gone_is_a_new_beginning_in_a_higher_epoch(tmp_path, started, brokers):
    books, gateway, port = start(tmp_path, started, brokers)
    publish(books, port, 1, 20)
    n = published(books, gateway, 19)
    gateway.kill()
    for path in (tmp_path / "state").iterdir():
        if path.name != "epoch":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    gateway.start()
    gateway.ready()
    publish(books, port, 21, 40)
    plant.until(lambda: 2 in ordinals(books), "the second epoch", gateway)
    published(books, gateway, n + 10)
    assert gateway.end() == 0
