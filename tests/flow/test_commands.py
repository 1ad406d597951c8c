"""The commands: what they print, and how they refuse."""
import subprocess

import configs
import plant
import pytest


def run(*args, stdin=b""):
    return subprocess.run([str(plant.GATEWAY), *map(str, args)], input=stdin, capture_output=True)


@pytest.mark.parametrize("command", ["run", "check", "replay", "backup", "restore", "verify", "decode", "version"])
def test_every_command_has_help(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"carbon-gateway {command}".encode() in done.stdout


def test_unknown_command_and_unknown_argument_are_told():
    assert run("rum").returncode == 2
    assert b'"rum"' in run("rum").stderr
    for command in ("run", "check", "replay", "backup", "restore", "verify"):
        done = run(command, "--confg", "x")
        assert done.returncode == 2 and b"--confg" in done.stderr


def test_right_configuration_is_said_to_be_right(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(configs.steelworks(tmp_path, "mqtt://127.0.0.1:1883", "mqtt://127.0.0.1:1884"))
    done = run("check", "--config", path)
    assert done.returncode == 0, done.stderr
    assert b"1 sites, 1 devices, 2 points" in done.stdout


def test_every_mistake_of_a_configuration_is_told_at_once_with_its_place(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text("""gateway: works-1
state: /tmp/never
gwp_sett: AR6
sites:
  - id: gwangyang
    zone: Asia/Soul
    streams:
      - {id: power, scope: 2, factor: grit}
    devices:
      - id: meter
        points:
          - {id: energy, kind: intervall, unit: kwh, stream: powr}
factors:
  - {id: grid, version: "1", source: test, per: kWh, co2: -0.5}
journal:
  segment: 1MB
""")
    done = run("check", "--config", path)
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    for place, word, hint in [("3:1", "gwp_sett", "gwp_set"), ("5:", "Asia/Soul", ""), ("8:", "grit", "grid"),
                              ("12:", "intervall", "interval"), ("12:", "kwh", "kWh"), ("12:", "powr", "power"),
                              ("14:", "CO2", ""), ("16:", "segment", "4MB")]:
        found = [line for line in lines if f"gateway.yaml:{place}" in line and word in line and hint in line]
        assert found, f"{place} {word} {hint} not in:\n" + "\n".join(lines)


def test_wrong_configuration_does_not_run(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text("gateway: works-1\n")
    done = run("run", "--config", path)
    assert done.returncode == 2
    assert b"state" in done.stderr


def test_empty_state_directory_is_refused_by_check(tmp_path):
    path = tmp_path / "gateway.yaml"
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2")
    path.write_text(text.replace(f"state: {tmp_path}/state", 'state: ""'))
    done = run("check", "--config", path)
    assert done.returncode == 2 and b"state" in done.stderr


def test_missing_configuration_file_is_told():
    done = run("check", "--config", "/nowhere/gateway.yaml")
    assert done.returncode == 1
    assert b"/nowhere/gateway.yaml" in done.stderr


def test_canonical_form_is_the_same_for_the_same_meaning(tmp_path):
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2")
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(text)
    two.write_text("# another comment\n" + text.replace("127.0.0.1", "localhost"))
    first, second = (run("check", "--config", p, "--canonical").stdout for p in (one, two))
    assert first == second
    assert b"localhost" not in second and b"gwangyang" in second


def test_reference_names_every_option():
    done = run("check", "--reference")
    assert done.returncode == 0
    for word in (b"gateway", b"broker", b"password_file", b"retain", b"durability", b"max_rate", b"resolution"):
        assert word in done.stdout


def test_readings_are_printed_as_json(tmp_path):
    reading_pb2, _, _ = plant.protocol(tmp_path)
    payload = reading_pb2.Reading(point="p", value=1.5, time_unix_ms=1_519_830_000_000,
                                  unit=reading_pb2.UNIT_KWH).SerializeToString()
    printed = plant.json.loads(run("decode", "reading", stdin=payload).stdout)
    assert printed == {"point": "p", "value": 1.5, "time_unix_ms": "1519830000000", "unit": "UNIT_KWH"}
    path = tmp_path / "payload"
    path.write_bytes(payload)
    assert plant.json.loads(run("decode", "reading", path).stdout) == printed


def test_bytes_that_are_no_message_are_told():
    done = run("decode", "summary", stdin=b"\xff\xff")
    assert done.returncode == 1
    assert b"SiteSummary" in done.stderr
    assert run("decode", "poem").returncode == 2


def test_replay_refuses_a_state_directory_that_holds_something(tmp_path):
    (tmp_path / "something").write_text("")
    done = run("replay", "--logbook", tmp_path, "--intake", tmp_path, "--state", tmp_path)
    assert done.returncode == 1
    assert b"not empty" in done.stderr


def test_replay_of_no_log_book_is_told(tmp_path):
    done = run("replay", "--logbook", tmp_path / "a", "--intake", tmp_path / "b", "--state", tmp_path / "c")
    assert done.returncode == 1
    assert b"no log book" in done.stderr


def checked(tmp_path, text):
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    done = run("check", "--config", path)
    return done.returncode, done.stderr.decode(), text.splitlines()


def line_of(lines, start):
    return next(n for n, line in enumerate(lines, 1) if line.strip().startswith(start))


def test_mistakes_of_a_link_are_told_with_their_line(tmp_path):
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2/path")
    code, said, lines = checked(tmp_path, text)
    assert code == 2 and f"gateway.yaml:{line_of(lines, 'broker: mqtt://127.0.0.1:2/path')}:3: publish: broker" in said
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2")
    code, said, lines = checked(tmp_path, text.replace("backoff_min: 100ms", "backoff_min: 30s", 1))
    assert code == 2 and f":{line_of(lines, 'backoff_min: 30s')}:3: ingest: backoff_min is longer" in said


def test_site_that_has_the_name_of_none_is_refused(tmp_path):
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2")
    code, said, _ = checked(tmp_path, text.replace("id: gwangyang", 'id: "-"'))
    assert code == 2 and 'site "-"' in said


def test_files_that_are_not_there_are_mistakes_of_check(tmp_path):
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtts://127.0.0.1:2",
                              ingest=f"  user_file: {tmp_path}/user", publish=f"  ca_file: {tmp_path}/ca.pem")
    code, said, lines = checked(tmp_path, text)
    assert code == 2
    assert f":{line_of(lines, 'user_file')}:3: user_file: {tmp_path}/user cannot be read" in said
    assert f":{line_of(lines, 'ca_file')}:3: ca_file: {tmp_path}/ca.pem cannot be read" in said


def test_what_is_probably_not_meant_is_a_warning(tmp_path):
    text = configs.steelworks(tmp_path, "mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2")
    code, said, _ = checked(tmp_path, text.replace("interval: 15min", "interval: 1min"))
    assert code == 0
    assert 'warning: ' in said and "raise keep to 1440" in said
    assert 'factor "works-electricity" version "2018" has no valid_to' in said
    text = text.replace("valid_from: 2018-01-01,", "valid_from: 2018-01-01, valid_to: 2030-12-31,")
    code, said, _ = checked(tmp_path, text)
    assert code == 0 and said == ""
    dropping = text + "store:\n  at_bound: drop_oldest\n"
    code, said, _ = checked(tmp_path, dropping)
    assert code == 0 and said == ""
    code, said, _ = checked(tmp_path, dropping.replace("publish:\n", "publish:\n  order: newest_first\n"))
    assert code == 0 and "warning: " in said and "may pause at the bound all the same" in said
