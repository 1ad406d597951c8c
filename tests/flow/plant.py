"""A plant for tests: real brokers on free loopback ports, the real gateway, the real fleet, and a
subscriber upstream. Everything is started by us and ended by its own pid.

Nothing here sleeps for luck: `until` waits for a condition and fails with what was seen when a program
that should bring it about has ended, or after a patience that no healthy run comes near.
"""
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import paho.mqtt.client as mqtt

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("CARBON_BUILD", ROOT / "build-test"))
GATEWAY = BUILD / "gateway" / "carbon-gateway"
FLEET = BUILD / "tests" / "fleet" / "carbon-fleet"
PLUGINS = BUILD / "plugins" / "json"
PATIENCE_S = int(os.environ.get("CARBON_PATIENCE_S", "120"))

# A finding of a sanitizer ends the program that has it; assert_clean sees it in what the program said.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1")
os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1")
FINDING = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:")


def free_port():
    """A port that nobody listens at, drawn below those that the kernel gives to outgoing connections:
    tests run side by side, and one of them must not be given it before the broker binds."""
    while True:
        port = random.randrange(10_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def until(is_so, what, alive=None, patience_s=PATIENCE_S):
    """Waits until is_so() is true and returns it."""
    deadline = time.monotonic() + patience_s
    while True:
        seen = is_so()
        if seen:
            return seen
        if alive is not None and alive.poll() is not None:
            raise AssertionError(f"{what}: the program ended with status {alive.returncode}")
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience_s} s")
        threading.Event().wait(0.01)


def find(program):
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin"]:
        if (Path(folder) / program).is_file():
            return str(Path(folder) / program)
    raise AssertionError(f"{program} is not installed")


def protocol(place):
    """The project's own .proto files as Python modules."""
    out = Path(place) / "proto"
    if not out.exists():
        out.mkdir()
        subprocess.run([find("protoc"), f"--proto_path={ROOT / 'proto'}", f"--python_out={out}",
                        "reading.proto", "summary.proto", "status.proto"], check=True)
    if str(out) not in sys.path:
        sys.path.insert(0, str(out))
    import reading_pb2
    import status_pb2
    import summary_pb2
    return reading_pb2, summary_pb2, status_pb2


class Program:
    """A child with its output in a file."""

    def __init__(self, args, log, env=None):
        self.args, self.log = [str(a) for a in args], Path(log)
        self.env = {**os.environ, **(env or {})}
        self.child = None
        self.start()

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(self.args, stdout=out, stderr=out, env=self.env,
                                          stdin=subprocess.DEVNULL)

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def poll(self):
        return self.child.poll()

    @property
    def returncode(self):
        return self.child.returncode

    def end(self, number=signal.SIGTERM):
        """Ends it and returns its status."""
        if self.child.poll() is None:
            self.child.send_signal(number)
            self.child.send_signal(signal.SIGCONT)    # a test may have held it
            try:
                self.child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise
        return self.child.returncode

    def kill(self):
        self.child.kill()
        self.child.wait()

    def assert_clean(self):
        """No sanitizer found anything in any of its runs: no bad access, no undefined behaviour, no race,
        and at an orderly end no leak."""
        lines = self.text().splitlines()
        found = next((n for n, line in enumerate(lines) if FINDING.search(line)), None)
        assert found is None, f"{self.args[0]}: " + "\n".join(lines[found:found + 40])


class Broker(Program):
    """A Mosquitto on loopback. conf: further lines; tls: a folder with ca.pem, cert.pem, key.pem."""

    def __init__(self, place, name, conf="", port=None, tls=None, is_stock=False, anonymous=True):
        self.port = port or free_port()
        path = Path(place) / f"{name}.conf"
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'true' if anonymous else 'false'}"]
        lines += ["log_type error", "log_type warning", "log_type notice", "log_type subscribe"]
        if tls:
            lines += [f"cafile {tls / 'ca.pem'}", f"certfile {tls / 'cert.pem'}", f"keyfile {tls / 'key.pem'}"]
        if not is_stock:
            lines += ["max_queued_messages 0"]
        path.write_text("\n".join(lines) + "\n" + conf + "\n")
        super().__init__([find("mosquitto"), "-c", path], Path(place) / f"{name}.log")
        until(self.answers, f"broker {name}", self)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, host="127.0.0.1", is_tls=False):
        return f"{'mqtts' if is_tls else 'mqtt'}://{host}:{self.port}"


class Gateway(Program):
    """The gateway on a state directory and a configuration."""

    def __init__(self, place, config, env=None, name="gateway"):
        self.config = Path(place) / f"{name}.yaml"
        self.config.write_text(config)
        self.starts = 0
        # The machine that runs the tests need not have a time server.
        env = {"CARBON_CLOCK": "synchronised", **(env or {})}
        super().__init__([GATEWAY, "run", "--config", self.config], Path(place) / f"{name}.log", env)

    def start(self):
        self.mark = len(self.text())
        self.starts = getattr(self, "starts", 0) + 1
        super().start()

    def since_start(self):
        return self.text()[self.mark:]

    def ready(self):
        """Waits until it takes readings: subscribed at the device broker."""
        until(lambda: "ingest.subscribed" in self.since_start(), "gateway subscribed", self)
        return self


class Upstream:
    """A subscriber upstream: the first copy of each summary, with its bytes."""

    def __init__(self, port, place, client_id="books", extra=(), **connect):
        self.reading_pb2, self.summary_pb2, self.status_pb2 = protocol(place)
        self.first, self.order, self.copies = {}, [], 0
        self.windows = {}                 # (period, site, start): (revision, activity), the latest
        self.totals = {}                  # (period, site): (windows, activity) of the latest
        self.rejected, self.status = [], None
        self.lock = threading.Lock()
        self.is_subscribed = threading.Event()
        self.client = mqtt.Client(client_id=client_id, clean_session=False)
        self.client.max_inflight_messages_set(0)
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: self.is_subscribed.set()
        self.client.on_message = self.on_message
        self.connect = connect
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.is_subscribed.wait(PATIENCE_S)

    def on_connect(self, client, *_):
        client.subscribe([("carbon/v1/+/summary/+", 1), ("carbon/v1/gateways/+/rejected", 0),
                          ("carbon/v1/gateways/+/status", 1)])

    def on_message(self, _client, _self, message):
        kind = message.topic.split("/")[-1]
        with self.lock:
            if kind == "rejected":
                self.rejected.append(self.status_pb2.RejectedMessage.FromString(message.payload))
            elif kind == "status":
                self.status = self.status_pb2.GatewayStatus.FromString(message.payload)
            else:
                self.take(message)

    def take(self, message):
        summary = self.summary_pb2.SiteSummary.FromString(message.payload)
        self.copies += 1
        if summary.id in self.first:
            assert self.first[summary.id][1] == message.payload, f"{summary.id} came with other bytes"
            return
        self.first[summary.id] = (message.topic.split("/")[-1], message.payload, summary)
        self.order.append(summary.id)
        self.add_up(message.topic.split("/")[-1], summary)

    def add_up(self, period, summary):
        """Keeps totals of the latest revisions, so that waiting for them costs nothing."""
        key, book = (period, summary.site_id, summary.start_unix_ms), (period, summary.site_id)
        revision, before = self.windows.get(key, (0, None))
        if summary.revision < revision:
            return
        after = activity(summary)
        self.windows[key] = (summary.revision, after)
        n, total = self.totals.get(book, (0, Decimal(0)))
        self.totals[book] = (n + (before is None), total + after - (before or 0))

    def total(self, period, site):
        """(number of windows, their activity), of the latest revisions."""
        with self.lock:
            return self.totals.get((period, site), (0, Decimal(0)))

    def summaries(self, period=None):
        with self.lock:
            return [s for p, _, s in self.first.values() if period in (None, p)]

    def latest(self, period, site=None):
        """The highest revision of each window: {start_unix_ms: summary}."""
        newest = {}
        for s in self.summaries(period):
            if site not in (None, s.site_id):
                continue
            key = (s.site_id, s.start_unix_ms) if site is None else s.start_unix_ms
            if key not in newest or newest[key].revision < s.revision:
                newest[key] = s
        return newest

    def payloads_by_sequence(self):
        """The bytes of each summary in the order of their sequence."""
        with self.lock:
            return [payload for _, payload, _ in
                    sorted(self.first.values(), key=lambda row: (row[2].epoch_ordinal, row[2].sequence))]

    def end(self):
        self.client.loop_stop()
        self.client.disconnect()


def publish(port, messages, qos=1, **kwargs):
    """Publishes (topic, payload) pairs and waits for their acknowledgement."""
    client = mqtt.Client(client_id=kwargs.get("client_id", ""), clean_session=True)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        for topic, payload in messages:
            client.publish(topic, payload, qos=qos).wait_for_publish(PATIENCE_S)
    finally:
        client.loop_stop()
        client.disconnect()


def exact(amount):
    """An Amount of the wire in its base unit."""
    return Decimal(amount.whole) + Decimal(amount.micro) / 1_000_000


def activity(summary):
    return sum((exact(s.activity) for s in summary.streams), Decimal(0))


def assert_gap_free(summaries):
    sequences = sorted((s.epoch_ordinal, s.sequence) for s in summaries)
    assert sequences == [(1, n) for n in range(1, len(sequences) + 1)]


def replayed(place, state, name="replay", extra=()):
    """The payloads that a replay of a run's journals gives, in the order of their sequence."""
    new = Path(place) / name
    raw = Path(place) / f"{name}.raw"
    done = subprocess.run([str(GATEWAY), "replay", "--logbook", f"{state}/logbook", "--intake", f"{state}/intake",
                           "--state", str(new), "--raw", str(raw), "--plugins", str(PLUGINS), *extra],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return records(raw.read_bytes())


def records(data):
    out, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        out.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return out


def fleet_totals(path):
    return json.loads(Path(path).read_text())
