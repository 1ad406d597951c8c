"""`verify` holds journals, archive, bases and store against each other: what is sound passes, also while a
gateway runs on it, and each damage is found and named. Takes about 40 s."""
import shutil
import sqlite3
import subprocess

import configs
import plant
import pytest
from test_archive import FILLER
from test_damage import publish, quarters


def verify(state):
    done = subprocess.run([str(plant.GATEWAY), "verify", "--state", str(state), "--plugins", str(plant.PLUGINS)],
                          capture_output=True, text=True)
    assert not plant.FINDING.search(done.stderr), done.stderr
    return done


def assert_sound(state):
    done = verify(state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything fits" in done.stdout
    return done.stdout


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 0x10]))


def change(state, *statements):
    with sqlite3.connect(state / "store.sqlite") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def live(tmp_path, started, brokers, retain):
    """A state with several segments, of which some may be archived, made by a gateway that is stopped."""
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    config = configs.steelworks(tmp_path, devices.url(), upstream.url(),
                                journal=f"  retain: {retain}\n  commit_every: 50ms")
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    for part in range(3):
        publish(books, devices.port, 20 * part + 1, 20 * part + 20)
        plant.publish(devices.port, FILLER[:5])
    plant.until(lambda: len(quarters(books)) >= 59, "the windows", gateway)
    return gateway, tmp_path / "state"


@pytest.mark.parametrize("retain", ["24h", "0s"])
def test_sound_state_passes_also_while_the_gateway_runs(tmp_path, started, brokers, retain):
    gateway, state = live(tmp_path, started, brokers, retain)
    if retain == "0s":
        plant.until(lambda: list((state / "intake" / "archive").glob("*.zst")), "an archived segment", gateway)
    assert_sound(state)
    assert gateway.end() == 0
    said = assert_sound(state)
    assert "from entry 1 to" in said, said
    if retain == "0s":                                   # without the archive it begins at a base
        shutil.rmtree(state / "intake" / "archive")
        assert "from entry 1 to" not in assert_sound(state)


def test_each_damage_is_found_and_named(tmp_path, started, brokers):
    gateway, state = live(tmp_path, started, brokers, "0s")
    plant.until(lambda: list((state / "intake" / "archive").glob("*.zst")), "an archived segment", gateway)
    assert gateway.end() == 0
    whole = tmp_path / "whole"
    shutil.copytree(state, whole)
    archived = sorted((state / "intake" / "archive").glob("*.zst"))[0].relative_to(state)
    segment = sorted((state / "intake").glob("*.segment"))[0].relative_to(state)
    base = sorted((state / "logbook").glob("*.base"))[-1].relative_to(state)
    book = sorted((state / "logbook").glob("*.segment"))[0].relative_to(state)
    db = sqlite3.connect(state / "store.sqlite")
    epoch, middle = db.execute("SELECT epoch_ordinal, max(sequence) / 2 FROM summary GROUP BY 1").fetchone()
    db.close()
    row = f"epoch_ordinal = {epoch} AND sequence = {middle}"

    def put_back():
        shutil.rmtree(state)
        shutil.copytree(whole, state)

    damages = {
        "intake: WRONG – segment": lambda: flip(state / segment, 4096 + 40),
        "log book: WRONG – segment": lambda: flip(state / book, 4096 + 100),
        "its header does not hold": lambda: flip(state / segment, 20),
        "archive of the intake: WRONG – " + archived.name: lambda: flip(state / archived, 200),
        "bases: WRONG – base " + base.name: lambda: flip(state / base, 100),
        f"store: WRONG – epoch {epoch}: summaries {middle} to {middle} are missing":
            lambda: change(state, f"DELETE FROM summary WHERE {row}"),
        f"computed again: WRONG – summary {epoch}/{middle}":
            lambda: change(state, f"UPDATE summary SET payload = x'0a00' WHERE {row}"),
        f"store: WRONG – summary {epoch}/{middle + 1000000} waits in the outbox":
            lambda: change(state, f"INSERT INTO outbox VALUES ({epoch}, {middle + 1000000}, 3)"),
        "is borne by 2 summaries":
            lambda: change(state, f"UPDATE summary SET id = (SELECT id FROM summary WHERE sequence = {middle + 1})"
                                  f" WHERE {row}"),
        "is not what the journals give":
            lambda: change(state, "UPDATE state SET value = value || x'00' WHERE stage = 3"),
        "and the log book ends at": lambda: change(state, "UPDATE meta SET value = 9999999 WHERE name = 'position'"),
        "store.sqlite is not there": lambda: (state / "store.sqlite").unlink(),
        "store: WRONG – ": lambda: flip(state / "store.sqlite", 4096 + 1),
    }
    for named, damage in damages.items():
        damage()
        done = verify(state)
        assert done.returncode == 1 and named in done.stdout, named + " not in:\n" + done.stdout + done.stderr
        put_back()
    assert_sound(state)
