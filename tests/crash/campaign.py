"""Kills under load, and what is left of the books.

A campaign is one plant that goes through many kills: real brokers, the real gateway, a fleet that
publishes at QoS 1 all the while. Each kill is either at a named crash point, reached for the N-th time
since the start, or at a random moment. It counts only when the fleet was still publishing. While the
gateway is away the fleet is held, so that the load outlasts the kills on a machine of any speed; what
it had sent waits in the device broker, and comes again.

In the end the fleet is let run out, the gateway drains, and what a subscriber upstream has received is
held against the fleet's own totals: every window of every site to the micro-watt-hour, every reading by
its verdict, every sequence number, and every byte against a replay of the journals.
"""
import contextlib
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "flow"))

import configs  # noqa: E402
import plant  # noqa: E402

# What a kill at a point waits for decides how much load one kill needs.
AT_FIRST_START = {"logbook.genesis", "logbook.config"}
AT_SEGMENT_ENDS = {"journal.prepared", "journal.spare_taken", "journal.begun", "journal.trimmed",
                   "base.written", "archive.written"}
AT_DAMAGE = {"journal.cut"}
ONCE_A_START = {"journal.opened", "journal.cut", "start.caught_up", "logbook.start", "logbook.forget"}
# Reached only behind damage or at a bound, which the tests of those bring about (tests/README.md).
ELSEWHERE = {"logbook.lost", "logbook.hole", "logbook.drop", "logbook.order"}
SEGMENT_HEAD_BYTES = 4096             # the frames begin behind it
READINGS_PER_KILL = 2_000
READINGS_PER_SEGMENT = 20_000
HELPINGS = 4
A_TURN_OF_UPKEEP_S = 5
RATE = 4_000
# Long names make long topics: a segment is full the sooner.
NAMES = ["--site", "a-site-with-a-name-that-fills-segments", "--device",
         "a-device-with-a-name-that-fills-segments-as-well"]


def crash_points():
    """The names that this build of the gateway knows, in the order of the data."""
    done = subprocess.run([plant.GATEWAY, "version", "--crash-points"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def points_under_load():
    rare = AT_FIRST_START | ELSEWHERE
    return [p for p in crash_points() if p not in rare]


@dataclass
class Kill:
    """One kill: at a point's nth passing, or (no point) when `after` more readings were acknowledged."""
    point: str = None
    nth: int = 1
    after: int = 0
    was_reached: bool = False
    was_under_load: bool = False

    @property
    def where(self):
        return self.point or "at random"

    @property
    def needs(self):
        return READINGS_PER_SEGMENT * self.nth if self.point in AT_SEGMENT_ENDS else READINGS_PER_KILL


@dataclass
class Result:
    kills: list
    lost_micro: int = 0
    twice_micro: int = 0
    windows: int = 0
    wrong_windows: list = field(default_factory=list)
    readings: int = 0
    counted: int = 0
    redelivered: int = 0
    rolls: int = 0
    rolls_waited: int = 0

    @property
    def under_load(self):
        return sum(k.was_under_load for k in self.kills)

    def missed(self):
        """Kills whose point was never passed."""
        return [k for k in self.kills if not k.was_reached]


def random_kills(n, chance):
    return [Kill(after=chance.randrange(50, READINGS_PER_KILL)) for _ in range(n)]


class Campaign:
    def __init__(self, place, kills, seed, keep):
        self.place, self.kills, self.seed = Path(place), kills, seed
        self.status = None
        self.place.mkdir(parents=True, exist_ok=True)
        self.devices = keep(plant.Broker(self.place, "devices"))
        self.upstream = keep(plant.Broker(self.place, "upstream"))
        self.books = keep(plant.Upstream(self.upstream.port, self.place))
        self.totals, self.progress = self.place / "totals.json", self.place / "progress"
        self.shape = self.shape_of_load()
        described = json.loads(subprocess.run([str(a) for a in (plant.FLEET, *self.shape, "--describe")],
                                              capture_output=True, text=True, check=True).stdout)
        config = configs.synthetic(self.place, self.devices.url(), self.upstream.url(), described,
                                   journal="  commit_every: 20ms\n  retain: 0s")
        self.gateway = keep(plant.Gateway(self.place, config)).ready()
        self.fleet = keep(plant.Program([plant.FLEET, "--broker", self.devices.url(), *self.shape, "--rate", RATE,
                                         "--totals", self.totals, "--progress", self.progress,
                                         "--resume-on-disconnect"], self.place / "fleet.log"))

    def shape_of_load(self):
        """Enough readings for all the kills, and half as many more; the last ends a quarter hour, so that the
        state behind it closes every window that the totals name."""
        points = 2 * 3 * 2
        needed = sum(k.needs for k in self.kills) * 3 // 2 + 10_000
        needed += -needed % (points * 15)
        return ["--sites", 2, "--devices", 3, "--points", 2, "--period", "60s", "--kind", "mixed", *NAMES,
                "--start", "2024-03-01T00:00:00Z", "--readings", needed // points, "--shuffle", 12,
                "--duplicates", 5, "--seed", self.seed, "--end-state", "--limit-readings", 10 * needed]

    def acknowledged(self):
        """Readings that the device broker has acknowledged to the fleet."""
        lines = self.progress.read_text().split("\n")[:-1] if self.progress.exists() else []
        return json.loads(lines[-1])["acked"] if lines else 0

    def strike(self, kill):
        """The gateway runs and the fleet publishes; afterwards it is dead and the fleet is held."""
        from_here = self.acknowledged()
        if kill.point:
            self.wait_for_hit(kill, from_here)
        else:
            plant.until(lambda: self.acknowledged() >= from_here + kill.after or self.is_hit_or_load_is_over(),
                        "progress before the kill")
        kill.was_under_load = self.fleet.poll() is None
        if self.gateway.poll() is None:
            kill.was_reached = kill.point is None
            self.gateway.kill()
        else:
            kill.was_reached = True
        assert self.gateway.returncode == -signal.SIGKILL, self.gateway.since_start()[-2000:]
        self.hold(signal.SIGSTOP)

    def wait_for_hit(self, kill, from_here):
        """Lets the fleet send what the kill needs, then holds it: on a slow machine the gateway comes to the
        point when it works off what is journalled, and the load is there for the next kill. What is not
        reached by then gets as much once more: not every roll is followed by a base."""
        for turn in range(HELPINGS):
            plant.until(lambda: self.acknowledged() >= from_here + kill.needs or self.is_hit_or_load_is_over(),
                        f"load for the {kill.nth}. {kill.point}")
            self.hold(signal.SIGSTOP)
            try:
                plant.until(lambda: self.gateway.poll() is not None, f"the {kill.nth}. {kill.point}",
                            patience_s=plant.PATIENCE_S if turn + 1 == HELPINGS else A_TURN_OF_UPKEEP_S)
                return
            except AssertionError:
                if turn + 1 == HELPINGS:
                    raise
            from_here = self.acknowledged()
            self.hold(signal.SIGCONT)

    def is_hit_or_load_is_over(self):
        return self.gateway.poll() is not None or self.fleet.poll() is not None

    def hold(self, number):
        if self.fleet.poll() is None:
            self.fleet.child.send_signal(number)

    def start(self, kill):
        """Starts the gateway so that it dies where the kill says."""
        self.gateway.env.pop("CARBON_CRASH_AT", None)
        if kill and kill.point:
            self.gateway.env["CARBON_CRASH_AT"] = f"{kill.point}:{kill.nth}"
        if kill and kill.point in AT_DAMAGE:
            tear_tail(self.place / "state" / "intake")
        self.gateway.start()
        self.hold(signal.SIGCONT)

    def go_through(self):
        """All kills, one after the other; each start is made for the kill that follows it."""
        self.gateway.kill()
        for kill in self.kills:
            self.start(kill)
            self.strike(kill)
        self.start(None)

    def settle(self):
        """The load runs out, the gateway drains and ends. Returns what the fleet says it should be."""
        assert self.fleet.child.wait(plant.PATIENCE_S) == 0, self.fleet.text()[-2000:]
        expected = plant.fleet_totals(self.totals)
        assert expected["complete"]
        plant.until(lambda: windows_of(self.books) == expected_windows(expected), "the exact windows", self.gateway)
        self.status = plant.until(lambda: self.settled_status(), "a status with the whole ledger", self.gateway)
        assert self.gateway.end() == 0, self.gateway.since_start()[-2000:]
        return expected

    def settled_status(self):
        """A status of when all was taken and acknowledged; the farewell of a stop has no books."""
        s = self.books.status
        is_settled = s and s.is_online and not s.intake_backlog.messages and not s.outbox_backlog.messages
        return s if is_settled and s.last_sequence == len(self.books.summaries()) else None

    def judge(self, expected, result):
        """Fills in the figures; they are the same whether the books are right or not."""
        got, wanted = windows_of(self.books), expected_windows(expected)
        result.windows = len(wanted)
        for key in sorted(wanted.keys() | got.keys()):
            difference = got.get(key, 0) - wanted.get(key, 0)
            result.lost_micro += max(0, -difference)
            result.twice_micro += max(0, difference)
            if difference:
                result.wrong_windows.append((*key, difference))
        result.readings = sum(site["distinct"] for site in expected["sites"])
        status = self.status or self.books.status
        result.counted = sum(row.counted for row in status.sites)
        result.redelivered = sum(row.duplicate for row in status.sites)
        for journal in status.journals:
            result.rolls += journal.rolls
            result.rolls_waited += journal.rolls_waited

    def run(self):
        result = Result(self.kills)
        self.go_through()
        try:
            expected = self.settle()
        except AssertionError:
            if not self.totals.exists():
                raise
            self.judge(plant.fleet_totals(self.totals), result)
            print(f"wrong windows (site, start, micro): {result.wrong_windows[:20]}\n{self.books.status}",
                  file=sys.stderr)
            raise
        self.judge(expected, result)
        self.assert_whole(result)
        return result

    def assert_whole(self, result):
        assert result.lost_micro == result.twice_micro == 0, result.wrong_windows[:20]
        assert result.counted == result.readings
        plant.assert_gap_free(self.books.summaries())
        for row in self.status.sites:
            assert not row.is_unbalanced
            assert row.received == row.counted + row.duplicate + row.late + row.rejected
        messages = self.status.messages
        assert messages.journalled == messages.decoded + messages.undecodable
        assert plant.replayed(self.place, self.place / "state") == self.books.payloads_by_sequence()


def tear_tail(journal):
    """Bytes behind the last frame of the newest segment that was begun, as a power cut leaves them."""
    for path in sorted(journal.glob("*.segment"), reverse=True):
        content = path.read_bytes()
        end = len(content.rstrip(b"\0"))
        if end == 0:
            continue                      # a spare
        with open(path, "r+b") as segment:
            segment.seek(max(end, SEGMENT_HEAD_BYTES) + 40)
            segment.write(b"torn")
        return


def windows_of(books):
    """{(site, start): activity in micro} of the latest revisions of the quarter hours that are not 0."""
    with books.lock:
        return {(site, start): int(amount * 1_000_000) for (period, site, start), (_, amount) in
                books.windows.items() if period == "15min" and amount}


def expected_windows(totals):
    return {(site["site"], window["start_unix_ms"]): int(window["activity_micro"])
            for site in totals["sites"] for window in site["windows"] if int(window["activity_micro"])}


def campaign(place, kills, seed):
    with contextlib.ExitStack() as stack:
        def keep(thing):
            stack.callback(thing.end)
            return thing
        return Campaign(place, kills, seed, keep).run()


def die_at_first_start(place, point):
    """A first start that dies at the point; the next one goes on from there, and the load comes out exact."""
    with contextlib.ExitStack() as stack:
        def keep(thing):
            stack.callback(thing.end)
            return thing
        c = Campaign(place, [Kill(after=1)], 1, keep)
        c.gateway.kill()
        subprocess.run(["rm", "-r", str(c.place / "state")], check=True)
        c.hold(signal.SIGSTOP)
        c.gateway.env["CARBON_CRASH_AT"] = f"{point}:1"
        c.gateway.start()
        plant.until(lambda: c.gateway.poll() is not None, f"the crash at {point}")
        assert c.gateway.returncode == -signal.SIGKILL
        return c.run()


def table(results):
    """What the kills came to, a row for each place of them."""
    tally = Counter(k.where for r in results for k in r.kills)
    loaded = Counter(k.where for r in results for k in r.kills if k.was_under_load)
    missed = Counter(k.where for r in results for k in r.missed())
    lines = ["| Where | Kills | Under load | Not reached |", "|---|---|---|---|"]
    lines += [f"| {where} | {n} | {loaded[where]} | {missed[where]} |" for where, n in sorted(tally.items())]
    readings = sum(r.readings for r in results)
    lines += ["", f"{sum(tally.values())} kills, {sum(loaded.values())} under load; {readings} readings of "
                  f"{sum(r.windows for r in results)} windows: "
                  f"{sum(r.lost_micro for r in results)} micro-units lost, "
                  f"{sum(r.twice_micro for r in results)} counted twice; "
                  f"{sum(r.redelivered for r in results)} duplicates known as such; "
                  f"of {sum(r.rolls for r in results)} segment rolls since the last start of each plant "
                  f"{sum(r.rolls_waited for r in results)} had to wait."]
    return "\n".join(lines)


def plan(kills, seed):
    """Half of the kills at the points in turn, half at random, in an order of the seed's."""
    chance = random.Random(seed)
    points = points_under_load()
    at_points = [Kill(point, 1 if point in AT_SEGMENT_ENDS | ONCE_A_START else chance.choice([1, 2, 3, 5, 8]))
                 for point in (points[n % len(points)] for n in range(kills // 2))]
    everything = at_points + random_kills(kills - len(at_points), chance)
    chance.shuffle(everything)
    return everything
