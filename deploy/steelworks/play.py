"""Plays a real steel works' year through the gateway and checks what came out upstream.

The check knows nothing of the gateway's inside: it adds up the plant's own CSV in exact decimals and
holds that against the summaries that a subscriber on the upstream broker received.
"""
import argparse
import csv
import datetime
import json
import os
import signal
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import paho.mqtt.client as mqtt

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
CSV = ROOT / "tests" / "data" / "steel-industry-2018.csv"

YEAR_WH = 959_636_710
QUARTERS = 35_040
CO2_MATCHES_LEAST = 34_990
WINDOWS = {"15min": 35_040, "hour": 8_760, "day": 365, "month": 12}
SEOUL = datetime.timezone(datetime.timedelta(hours=9))
PATIENCE_S = 60    # without anything new; not a measure of speed


def free_ports(n):
    """Ports of loopback that nobody holds right now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def say(text):
    print(text, flush=True)


class Children:
    """The programs that we started, each ended by its own pid."""

    def __init__(self):
        self.running = []

    def start(self, args, log):
        with open(log, "ab") as out:
            child = subprocess.Popen(args, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.running.append(child)
        return child

    def end(self):
        for child in reversed(self.running):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        self.running.clear()


def wait_until(what, is_so, child=None):
    """Waits for an event; gives up when the program that should bring it about has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if child is not None and child.poll() is not None:
            raise SystemExit(f"{what}: the program ended with status {child.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: nothing happened for {PATIENCE_S} s")
        time.sleep(0.02)    # a poll of an event that is waited for, not a guess at its time


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def start_broker(children, place, name, port):
    conf = place / f"{name}.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                    "max_queued_messages 0\n")
    broker = children.start([find("mosquitto"), "-c", str(conf)], place / f"{name}.log")
    wait_until(f"the {name} broker", lambda: answers(port), broker)


def find(program):
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        path = Path(folder) / program
        if path.is_file():
            return str(path)
    raise SystemExit(f"{program} is not installed")


def summary_class(place):
    """Compiles the project's own .proto files for the subscriber."""
    proto = ROOT / "proto"
    subprocess.run([find("protoc"), f"--proto_path={proto}", f"--python_out={place}",
                    "reading.proto", "summary.proto"], check=True)
    sys.path.insert(0, str(place))
    import summary_pb2
    return summary_pb2.SiteSummary


class Subscriber:
    """Upstream: keeps the first copy of each summary."""

    def __init__(self, port, site_summary):
        self.site_summary = site_summary
        self.by_id = {}
        self.count = defaultdict(int)
        self.lock = threading.Lock()
        self.is_subscribed = threading.Event()
        self.client = mqtt.Client(client_id="steelworks-books", clean_session=True)
        self.client.on_connect = lambda c, *_: c.subscribe("carbon/v1/+/summary/+", qos=1)
        self.client.on_subscribe = lambda *_: self.is_subscribed.set()
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.is_subscribed.wait(PATIENCE_S)

    def on_message(self, _client, _self, message):
        summary = self.site_summary.FromString(message.payload)
        period = message.topic.rsplit("/", 1)[1]
        with self.lock:
            if summary.id not in self.by_id:
                self.by_id[summary.id] = (period, summary)
                if summary.revision == 1:
                    self.count[period] += 1

    def first_revisions(self):
        with self.lock:
            return dict(self.count)

    def latest(self):
        """The highest revision of each window, by (period, start)."""
        newest = {}
        with self.lock:
            for period, summary in self.by_id.values():
                key = (period, summary.start_unix_ms)
                if key not in newest or newest[key].revision < summary.revision:
                    newest[key] = summary
        return newest

    def end(self):
        self.client.loop_stop()
        self.client.disconnect()


def write_config(place, build, device_port, upstream_port):
    text = string.Template((HERE / "gateway.yaml").read_text()).substitute(
        state=place / "state", plugins=build / "plugins" / "json",
        device_port=device_port, upstream_port=upstream_port)
    path = place / "gateway.yaml"
    path.write_text(text)
    return path


def log_has(path, word):
    return path.exists() and word in path.read_text(errors="replace")


def start_gateway(children, place, build, config):
    log = place / "gateway.log"
    gateway = children.start([str(build / "gateway" / "carbon-gateway"), "run", "--config", str(config)],
                             log)
    wait_until("the gateway", lambda: log_has(log, "ingest.subscribed"), gateway)
    return gateway


def fleet_args(build, device_port):
    return [str(build / "tests" / "fleet" / "carbon-fleet"), "--broker", f"mqtt://127.0.0.1:{device_port}",
            "--site", "gwangyang", "--device", "main-meter", "--qos", "1"]


def play(children, place, build, device_port):
    return children.start(
        fleet_args(build, device_port) + [
            "--csv", str(CSV), "--time-column", "date", "--time-format", "%d/%m/%Y %H:%M",
            "--value-column", "Usage_kWh", "--utc-offset", "+09:00", "--midnight-is-end-of-day",
            "--point", "active-energy", "--end-state", "--state-point", "plant-state",
            "--end-state-after", "5min", "--totals", str(place / "totals.json")],
        place / "fleet.log")


def show_progress(done, total, is_terminal):
    if is_terminal:
        filled = 40 * done // total
        print(f"\r  [{'#' * filled}{'.' * (40 - filled)}] {done:>6} of {total} windows", end="", flush=True)


def collect(subscriber, fleet, gateway):
    """Waits until every window was published, as long as something still comes."""
    total = sum(WINDOWS.values())
    last, since = -1, time.monotonic()
    while True:
        done = sum(subscriber.first_revisions().values())
        show_progress(done, total, sys.stdout.isatty())
        if done >= total:
            break
        if done != last:
            last, since = done, time.monotonic()
        if gateway.poll() is not None:
            raise SystemExit("the gateway ended")
        if fleet.poll() not in (None, 0):
            raise SystemExit(f"the fleet ended with status {fleet.returncode}")
        if time.monotonic() - since > PATIENCE_S:
            break
        time.sleep(0.1)
    if sys.stdout.isatty():
        print()


# The books, from the plant's own file alone.

def plant_quarters():
    """(start in Unix ms, kWh, t CO2) of each quarter hour. A row's stamp is its end, in local time;
    the row that ends a day is labelled 00:00 of the same day."""
    with open(CSV, newline="") as file:
        for row in csv.DictReader(file):
            end = datetime.datetime.strptime(row["date"], "%d/%m/%Y %H:%M").replace(tzinfo=SEOUL)
            if end.hour == 0 and end.minute == 0:
                end += datetime.timedelta(days=1)
            start = end - datetime.timedelta(minutes=15)
            yield int(start.timestamp()) * 1000, Decimal(row["Usage_kWh"]), Decimal(row["CO2(tCO2)"])


def exact(amount):
    """An Amount of the wire as a decimal of its base unit."""
    return Decimal(amount.whole) + Decimal(amount.micro) / 1_000_000


def activity_wh(summary):
    return sum((exact(s.activity) for s in summary.streams), Decimal(0))


def co2_tonnes(summary):
    """Location-based: electricity is scope 2, and its factor tells CO2 alone."""
    grams = sum((exact(gas.mass_g) for s in summary.streams for gas in s.location_based.gases), Decimal(0))
    return grams / 1_000_000


def coverage(summary):
    quality = summary.quality
    return Decimal(quality.valid_ms) / quality.expected_ms if quality.expected_ms else None


def month_table(latest):
    say("")
    say("  month         MWh        t CO2  coverage  revisions")
    for (period, start), s in sorted(latest.items()):
        if period != "month":
            continue
        name = datetime.datetime.fromtimestamp(start / 1000, SEOUL).strftime("%Y-%m")
        say(f"  {name}  {activity_wh(s) / 1_000_000:>10.3f}  {co2_tonnes(s):>10.3f}"
            f"  {coverage(s):>8.4f}  {s.revision:>9}")
    say("")


def check(latest):
    """Every line of the promise, each with its figure. Returns whether all hold."""
    quarters = {start: s for (period, start), s in latest.items() if period == "15min"}
    wrong_energy = co2_matches = full = 0
    plant_wh = Decimal(0)
    for start, kwh, co2 in plant_quarters():
        plant_wh += kwh * 1000
        s = quarters.get(start)
        if s is None:
            wrong_energy += 1
            continue
        wrong_energy += activity_wh(s) != kwh * 1000
        full += coverage(s) == 1
        co2_matches += co2_tonnes(s).quantize(Decimal("0.01"), ROUND_HALF_UP) == co2
    year = {p: sum(activity_wh(s) for (period, _), s in latest.items() if period == p) for p in WINDOWS}

    results = [
        (plant_wh == YEAR_WH, f"the plant's file adds up to {plant_wh:,.0f} Wh"),
        (wrong_energy == 0, f"{QUARTERS - wrong_energy:,} quarter hours have exactly the plant's energy"),
        (full == QUARTERS, f"{full:,} quarter hours have coverage 1"),
        (co2_matches >= CO2_MATCHES_LEAST,
         f"{co2_matches:,} quarter hours have the plant's own CO2, rounded to 0.01 t"),
    ]
    for period, n in WINDOWS.items():
        found = sum(1 for p, _ in latest if p == period)
        results.append((found == n and year[period] == YEAR_WH,
                        f"{found:,} windows of {period} add up to {year[period]:,.0f} Wh"))
    for holds, text in results:
        say(f"  {'ok   ' if holds else 'WRONG'}  {text}")
    return all(holds for holds, _ in results)


def check_sequence(subscriber):
    sequences = sorted(s.sequence for _, s in subscriber.by_id.values())
    holds = sequences == list(range(1, len(sequences) + 1))
    say(f"  {'ok   ' if holds else 'WRONG'}  sequence 1 to {sequences[-1] if sequences else 0:,} without a hole")
    return holds


def keep(children, place, build, device_port, upstream_port):
    children.start(fleet_args(build, device_port) + [
        "--now", "--kind", "interval", "--period", "1s", "--point", "active-energy",
        "--seconds", "86400", "--limit-seconds", "86400"], place / "fleet-now.log")
    say("\nStill up; devices go on in real time, and a quarter hour closes two minutes after its end. Watch with:")
    say(f"  mosquitto_sub -h 127.0.0.1 -p {upstream_port} -t 'carbon/v1/+/summary/+' -F '%t %l bytes'")
    say(f"  mosquitto_sub -h 127.0.0.1 -p {upstream_port} -t carbon/v1/gateways/steelworks-demo/status"
        f" -C 1 -N | {build / 'gateway' / 'carbon-gateway'} decode status")
    say(f"  mosquitto_sub -h 127.0.0.1 -p {device_port} -t 'carbon/v1/gwangyang/main-meter/reading' -C 1 -N"
        f" | {build / 'gateway' / 'carbon-gateway'} decode reading")
    say(f"Logs and state: {place}")
    say("Ctrl-C ends it and cleans up.")
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def run(children, place, build, wants_keep):
    began = time.monotonic()
    device_port, upstream_port = free_ports(2)
    start_broker(children, place, "device-broker", device_port)
    start_broker(children, place, "upstream-broker", upstream_port)
    subscriber = Subscriber(upstream_port, summary_class(place))
    config = write_config(place, build, device_port, upstream_port)
    gateway = start_gateway(children, place, build, config)
    say("playing the steel works of 2018: 35,040 quarter hours of one meter")
    fleet = play(children, place, build, device_port)
    collect(subscriber, fleet, gateway)
    say(f"  {len(subscriber.by_id):,} summaries in {time.monotonic() - began:.1f} s")

    latest = subscriber.latest()
    month_table(latest)
    is_right = check(latest)
    is_right = check_sequence(subscriber) and is_right
    if wants_keep:
        keep(children, place, build, device_port, upstream_port)
    subscriber.end()
    return is_right


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="where ninja built")
    parser.add_argument("--keep", action="store_true", help="leave everything up afterwards")
    args = parser.parse_args()

    children = Children()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    with tempfile.TemporaryDirectory(prefix="carbon-demo-") as place:
        try:
            is_right = run(children, Path(place), args.build.resolve(), args.keep)
        except SystemExit:
            for log in sorted(Path(place).glob("*.log")):
                sys.stderr.write(f"--- {log.name}, its end ---\n{log.read_text(errors='replace')[-2000:]}\n")
            raise
        finally:
            children.end()
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
