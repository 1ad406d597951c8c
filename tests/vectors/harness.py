"""Runs cases through the gateway's own code: configuration and readings in, summaries out.

A case is one site. All cases that share a head (GWP set and the like) go through one `carbon-gateway replay`, so
that forty of them cost what one does; where a group's configuration is refused each of its cases is run by
itself, so that only the wrong one fails. There is no broker, no clock and no formula in here.
"""
import json
import os
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("CARBON_BUILD", ROOT / "build-test"))
GATEWAY = BUILD / "gateway" / "carbon-gateway"
QUALITIES = ["good", "estimated", "suspect", "bad", "calibration", "maintenance", "not_operating"]


def unix_ms(text):
    """'2024-03-01T00:15:00Z' in milliseconds."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(at.astimezone(timezone.utc).timestamp() * 1000)


@dataclass
class Message:
    """Another message than a reading, in its place among them."""
    topic: str
    payload: str


@dataclass
class Case:
    """One site, what its devices say, and what must come out."""
    id: str                         # of the vector, or a name of our own
    site: str                       # the keys of the site but its id, as YAML at no indent
    readings: list                  # (device, point, time, value) and at will a dict of the reading's other fields;
                                    # or a Message
    expect: list                    # Expect
    factors: str = ""               # rows of `factors`, as YAML at no indent
    parameters: str = ""            # rows of `parameters`
    head: str = "gwp_set: AR5"      # the plan's other keys; cases with the same head share a run
    lines: str = ""                 # further keys of the plan whose rows are this case's alone
    note: str = ""

    @property
    def site_id(self):
        return self.id.lower()


@dataclass
class Expect:
    """A figure of one summary: where it stands, what it is, how exact it must be."""
    at: str                         # "totals.scope1.co2e_g", "streams[gas].activity", "…gases[GAS_N2O].mass_g"
    is_: object                     # a number or a text; None: must be absent
    rel: Decimal = Decimal(0)
    period: str = "hour"
    start: str = ""                 # of the window; empty: the only one, or the sum of all of the period
    revision: int = 0               # 0: the last
    times: Decimal = field(default_factory=lambda: Decimal(1))   # the figure x times is compared: units
    against: str = ""               # start of another window: what is compared is the change from there


# Readings as protobuf, by hand: six fields, and no dependency.

def varint(n):
    out = bytearray()
    n &= (1 << 64) - 1
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def encoded(point, at, value, sequence=0, quality="good", interval_ms=0, boot_id=0):
    out = b"\x1a" + varint(len(point)) + point.encode()
    out += b"\x20" + varint(unix_ms(at) if isinstance(at, str) else at)
    out += b"\x31" + struct.pack("<d", float(value))
    for number, n in ((5, sequence), (8, QUALITIES.index(quality)), (9, interval_ms), (10, boot_id)):
        if n:
            out += varint(number << 3) + varint(n)
    return out


def messages(cases):
    """The file that `replay --messages` takes."""
    out = b""
    for case in cases:
        for reading in case.readings:
            if isinstance(reading, Message):
                topic, payload = reading.topic.encode(), reading.payload.encode()
            else:
                device, point, at, value, *more = reading
                topic = f"carbon/v1/{case.site_id}/{device}/reading".encode()
                payload = encoded(point, at, value, **(more[0] if more else {}))
            out += struct.pack("<I", len(topic)) + topic + struct.pack("<I", len(payload)) + payload
    return out


# The configuration of a group.

def indented(text, n):
    return "".join(" " * n + line + "\n" if line.strip() else "" for line in text.strip("\n").split("\n"))


def section(name, texts):
    rows = "".join(indented(text, 2) for text in texts if text.strip())
    return f"{name}:\n{rows}" if rows else ""


def configuration(cases):
    sites = "".join(f"  - id: {case.site_id}\n" + indented(case.site, 4) for case in cases)
    return (f"gateway: vectors\nstate: unused\n{cases[0].head.strip()}\nidle: 40d\nlateness: 40d\nmax_future: 40d\n"
            + section("factors", [case.factors for case in cases])
            + section("parameters", [case.parameters for case in cases])
            + "".join(case.lines for case in cases)
            + f"sites:\n{sites}"
            + "ingest: {broker: \"mqtt://127.0.0.1:1\"}\npublish: {broker: \"mqtt://127.0.0.1:2\"}\n")


class Refused(Exception):
    """The gateway did not take the configuration, or failed."""


def replayed(cases):
    """The summaries of a group, a list by site id."""
    with tempfile.TemporaryDirectory(prefix="carbon-vectors-") as place:
        place = Path(place)
        (place / "gateway.yaml").write_text(configuration(cases))
        (place / "messages").write_bytes(messages(cases))
        done = subprocess.run([GATEWAY, "replay", "--config", place / "gateway.yaml", "--messages",
                               place / "messages", "--state", place / "state", "--close"],
                              capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    if "Sanitizer" in done.stderr or "runtime error" in done.stderr:
        raise Refused(done.stderr)
    out = {case.site_id: [] for case in cases}
    for line in done.stdout.splitlines():
        summary = json.loads(line)
        out.setdefault(summary["site_id"], []).append(summary)
    return out


def run_all(cases):
    """By case id: its summaries, or the Refused that it met."""
    out, groups = {}, {}
    for case in cases:
        groups.setdefault((case.head, case.lines), []).append(case)
    for group in groups.values():
        try:
            summaries = replayed(group)
            out.update({case.id: summaries[case.site_id] for case in group})
        except Refused:
            for case in group:
                try:
                    out[case.id] = replayed([case])[case.site_id]
                except Refused as why:
                    out[case.id] = why
    return out


# Finding a figure.

PERIODS = {"1min": "PERIOD_MINUTE", "15min": "PERIOD_QUARTER_HOUR", "hour": "PERIOD_HOUR", "day": "PERIOD_DAY",
           "month": "PERIOD_MONTH", "year": "PERIOD_YEAR"}
KEYS = {"streams": "stream_id", "gases": "gas", "outside_kyoto": "gas", "factors": "id", "mb_basis": "tier",
        "energy": "carrier", "kpis": "name", "scope3": "scope3_category", "other_sets": "gwp_set"}


def number_of(value):
    """An Amount, a Decimal or a plain value as Python has it."""
    if isinstance(value, dict) and ("mantissa" in value or "scale" in value):
        return Decimal(value.get("mantissa", 0)).scaleb(-int(value.get("scale", 0)))
    if isinstance(value, dict) and set(value) <= {"whole", "micro"}:
        return Decimal(value.get("whole", 0)) + Decimal(value.get("micro", 0)).scaleb(-6)
    return value


def at_path(thing, path):
    """The value at "a.b[key].c.0" of a summary as JSON; None when it is not there."""
    for step in path.split("."):
        name, _, key = step.rstrip("]").partition("[")
        if isinstance(thing, list) and name.isdecimal():
            thing = thing[int(name)] if int(name) < len(thing) else None
            continue
        thing = thing.get(name) if isinstance(thing, dict) else None
        if key and thing is not None:
            thing = next((row for row in thing if str(row.get(KEYS[name])) == key), None)
        if thing is None:
            return None
    return number_of(thing)


def windows(summaries, expect):
    """The summaries of the asked windows, the asked revision of each."""
    best = {}
    for s in summaries:
        if s.get("period") != PERIODS[expect.period] or s.get("kind") != "KIND_WINDOW":
            continue
        if expect.start and int(s["start_unix_ms"]) != unix_ms(expect.start):
            continue
        if expect.revision and s["revision"] != expect.revision:
            continue
        key = int(s["start_unix_ms"])
        if key not in best or s["revision"] > best[key]["revision"]:
            best[key] = s
    return [best[key] for key in sorted(best)]


def found(summaries, expect):
    values = [at_path(s, expect.at) for s in windows(summaries, expect)]
    values = [v for v in values if v is not None]
    if not isinstance(expect.is_, str):
        values = [int(v) if isinstance(v, str) else v for v in values]      # 64 bits are texts in JSON
    if not values:
        return None
    if all(isinstance(v, (int, Decimal)) and not isinstance(v, bool) for v in values):
        return sum(values) * expect.times
    assert len(values) == 1, f"{expect.at}: {len(values)} windows have it; name one by its start"
    return values[0]


def change(summaries, expect):
    """How far the figure of one window lies from another's, as a share of the other's."""
    of, since = (found(summaries, replace(expect, against="", start=start, times=Decimal(1)))
                 for start in (expect.start, expect.against))
    return (of - since) / since * expect.times


def check(summaries, expect):
    is_ = change(summaries, expect) if expect.against else found(summaries, expect)
    if expect.is_ is None or is_ is None or isinstance(expect.is_, str):
        assert is_ == expect.is_, f"{expect.at} is {is_}, expected {expect.is_}"
        return
    wanted = Decimal(str(expect.is_))
    assert abs(is_ - wanted) <= abs(wanted) * Decimal(str(expect.rel)), \
        f"{expect.at} is {is_}, expected {wanted} within {expect.rel} of it"
