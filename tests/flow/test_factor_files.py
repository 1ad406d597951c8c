"""Factor sets are files: what comes with the gateway is right, and a mistake in one is told where it stands."""
import pathlib
import subprocess

import plant

SETS = sorted((pathlib.Path(__file__).resolve().parents[2] / "deploy" / "factors").glob("*.csv"))

CONFIGURATION = """gateway: works-1
state: /tmp/never
ingest: {{broker: 'mqtt://127.0.0.1:1'}}
publish: {{broker: 'mqtt://127.0.0.1:1'}}
factor_files: [{files}]
sites:
  - id: works
    zone: Asia/Shanghai
    streams: [{{id: grid, scope: 2, carrier: electricity, factor: {factor}}}]
    devices: [{{id: main, points: [{{id: energy, kind: interval, interval: 15min, unit: kWh, stream: grid}}]}}]
"""


def check(tmp_path, files, factor, *more):
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIGURATION.format(files=", ".join(map(str, files)), factor=factor))
    return subprocess.run([str(plant.GATEWAY), "check", "--config", str(path), *more], capture_output=True)


def test_sets_that_come_with_the_gateway_are_right_and_enter_the_plan(tmp_path):
    assert len(SETS) == 6
    done = check(tmp_path, SETS, "CN-GRID-AVG", "--canonical")
    assert done.returncode == 0, done.stderr
    plan = done.stdout.decode()
    assert 'set: "cn"' in plan and "530.6" in plan and "factor_files" not in plan


def test_a_mistake_is_told_with_file_line_and_column_and_nothing_is_taken(tmp_path):
    (tmp_path / "own.csv").write_text("# set: own\n# version: 1\n# source: s\nid,per,co2\ngrid,kWh,0.5\ngas,kHw,-1\n")
    done = check(tmp_path, ["own.csv"], "grid")
    assert done.returncode == 2
    told = done.stderr.decode()
    assert f'{tmp_path}/own.csv:6:1: factor "gas": no unit "kHw"' in told
    assert f'{tmp_path}/own.csv:6:1: factor "gas": CO2 is negative' in told
    assert "own.csv has 2 mistakes, told above" in told


def test_a_file_that_is_not_there_is_told(tmp_path):
    done = check(tmp_path, ["none.csv"], "grid")
    assert done.returncode == 2
    assert b"none.csv cannot be read" in done.stderr
