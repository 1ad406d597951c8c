"""`why` of a summary computes it again from readings and factor text, and shows what stands behind it. Takes about 15 s."""
import dataclasses
import json
import shutil
import sqlite3
import subprocess

import cases
import harness
import pytest

def living(case):
    """A plant that goes on for two days, so that the windows close by themselves: nothing of them is the replay's."""
    device, point, at, value = case.readings[-1][:4]
    later = [(device, point, harness.unix_ms(at) + hours * 3_600_000, value) for hours in (1, 2, 36, 48)]
    return dataclasses.replace(case, readings=case.readings + later)


SOME = [living(case) for case in cases.CASES if case.id in ("GWP-01", "ELEC-01", "MTR-01", "MTR-07", "TIME-02")]


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state directory as a gateway leaves it, and what was published of it."""
    place = tmp_path_factory.mktemp("why")
    (place / "gateway.yaml").write_text(harness.configuration(SOME))
    (place / "messages").write_bytes(harness.messages(SOME))
    done = subprocess.run([harness.GATEWAY, "replay", "--config", place / "gateway.yaml", "--messages",
                           place / "messages", "--state", place / "state"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place / "state", [json.loads(line) for line in done.stdout.splitlines()]


def why(state, name, *more):
    done = subprocess.run([harness.GATEWAY, "why", name, "--state", state, *more], capture_output=True, text=True)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def test_every_summary_of_a_plant_is_computed_again_as_it_was_published(state):
    place, published = state
    assert len(published) >= len(SOME)
    seen = set()
    for summary in published:
        amount = summary["streams"][0].get("activity")
        if not amount and summary["site_id"] in seen:
            continue                                     # of the empty windows one for each site
        seen.add(summary["site_id"])
        done = why(place, summary["id"], "--json")
        tree = json.loads(done.stdout)
        assert done.returncode == 0 and tree["is_equal"], tree["computed"]


def test_amounts_alone_add_up_to_the_activity_and_readings_have_their_place(state):
    place, published = state
    summary = next(s for s in published if s["site_id"] == "mtr-01" and s["streams"][0].get("activity"))
    tree = json.loads(why(place, summary["id"], "--json").stdout)
    point = tree["points"][0]
    assert point["sum"] == "400.000000" and tree["summary"]["streams"][0]["activity"] == {"whole": "400"}
    readings = point["readings"]
    assert [r["value"] for r in readings[:4]] == ["13423.7", "13423.9", "0", "13424.1"]
    frames = [r["frame"] for r in readings]
    assert frames == sorted(frames) and all(frames)
    ranges = tree["summary"]["provenance"]["journal_ranges"][0]
    assert int(ranges["first_sequence"]) >= frames[0] and int(ranges["last_sequence"]) == frames[-1]


def test_text_shows_factor_source_and_outcome(state):
    place, published = state
    summary = next(s for s in published if s["site_id"] == "elec-01")
    said = why(place, summary["id"]).stdout
    for word in ("elec-01", "698.57809 kg/MWh", "US EPA calculator", "meter/count", "computed again", "log book entry"):
        assert word in said, said


def test_number_that_was_changed_in_the_store_is_seen(state, tmp_path):
    place, published = state
    copy = tmp_path / "state"
    shutil.copytree(place, copy)
    summary = next(s for s in published if s["site_id"] == "gwp-01")
    with sqlite3.connect(copy / "store.sqlite") as db:
        tables = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        table = next(t for t in tables if "payload" in [c[1] for c in db.execute(f"pragma table_info({t})")])
        payload = db.execute(f"select payload from {table} where id = ?", (summary["id"],)).fetchone()[0]
        at = payload.index(b"gwp-01")
        db.execute(f"update {table} set payload = ? where id = ?",
                   (payload[:at] + b"gwp-02" + payload[at + 6:], summary["id"]))
    db.close()
    done = why(copy, summary["id"])
    assert done.returncode == 1 and "NOT EQUAL" in done.stdout


def test_unknown_id_is_told(state):
    done = why(state[0], "vectors/0123456789abcdef/mtr-01/hour/2024-03-05T11:00Z/9")
    assert done.returncode == 1 and "no summary" in done.stderr
    assert why(state[0], "--confg").returncode == 2
