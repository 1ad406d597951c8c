"""check --connect: what the brokers grant, and whether the device broker queues without loss for who is away."""
import re
import subprocess

import configs
import plant


def check(path, *more):
    return subprocess.run([str(plant.GATEWAY), "check", "--config", str(path), "--connect", *more],
                          capture_output=True, text=True, timeout=plant.PATIENCE_S)


def written(tmp_path, devices, upstream, ingest=""):
    path = tmp_path / "check.yaml"
    path.write_text(configs.steelworks(tmp_path, devices, upstream, ingest))
    return path


def guarantees(tmp_path, started, upstream, config):
    """What a running gateway says in its status."""
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, config)).ready()
    plant.until(lambda: books.status and books.status.is_online, "the status", gateway)
    return books.status.guarantees, books.status_pb2


def test_broker_that_queues_without_limit_is_proven_and_the_status_says_so(tmp_path, started, brokers):
    devices, upstream = brokers
    path = written(tmp_path, devices.url(), upstream.url())
    done = check(path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1500 of 1500" in done.stdout
    assert "carbon/v1/+/+/reading: granted with QoS 1" in done.stdout
    assert re.search(r"^devices .*MQTT 5; keeps a session for ever", done.stdout, re.M)
    assert re.search(r"^upstream .*MQTT 3.1.1", done.stdout, re.M)
    said, pb = guarantees(tmp_path, started, upstream, path.read_text())
    assert said.lossless == pb.LOSSLESS_CLAIM_PROVEN
    assert "1500 of 1500" in said.lossless_evidence and said.lossless_unix_ms > 0


def test_stock_broker_is_refuted_with_the_count_and_its_session_is_ended(tmp_path, started):
    upstream = started(plant.Broker(tmp_path, "upstream"))
    devices = started(plant.Broker(tmp_path, "devices", is_stock=True, conf="sys_interval 1\n"))
    path = written(tmp_path, devices.url(), upstream.url())
    done = check(path)
    assert done.returncode == 1
    lost = int(re.search(r"(\d+) of 1500 messages that the broker had acknowledged were dropped", done.stdout)[1])
    assert 0 < lost <= 500
    assert "max_queued_messages 0" in done.stdout
    plant.until(lambda: clients_total(devices.port) <= 1, "no session is left behind", devices)
    said, pb = guarantees(tmp_path, started, upstream, path.read_text())
    assert said.lossless == pb.LOSSLESS_CLAIM_REFUTED
    assert f"{lost} of 1500" in said.lossless_evidence


def clients_total(port):
    """Sessions that the broker knows, the one that asks among them."""
    done = subprocess.run([plant.find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-t",
                           "$SYS/broker/clients/total", "-C", "1", "-W", "10"], capture_output=True, text=True)
    return int(done.stdout or 99)


def test_proof_holds_for_its_broker_only(tmp_path, started, brokers):
    devices, upstream = brokers
    assert check(written(tmp_path, devices.url(), upstream.url())).returncode == 0
    other = started(plant.Broker(tmp_path, "other"))
    said, pb = guarantees(tmp_path, started, upstream,
                          configs.steelworks(tmp_path, other.url(), upstream.url()))
    assert said.lossless == pb.LOSSLESS_CLAIM_UNPROVEN
    assert said.lossless_evidence == ""


def test_broker_that_is_away_is_told_and_nothing_recorded(tmp_path, brokers):
    devices, upstream = brokers
    done = check(written(tmp_path, f"mqtt://127.0.0.1:{plant.free_port()}", upstream.url()))
    assert done.returncode == 1
    assert re.search(r"^devices .*nothing answers there", done.stdout, re.M), done.stdout
    assert re.search(r"^upstream .*connected", done.stdout, re.M)
    assert not (tmp_path / "state" / "lossless").exists()
    done = check(written(tmp_path, devices.url(), f"mqtt://127.0.0.1:{plant.free_port()}"))
    assert done.returncode == 1
    assert "1500 of 1500" in done.stdout
    assert re.search(r"^upstream .*nothing answers there", done.stdout, re.M), done.stdout


def test_wrong_password_is_told(tmp_path, started):
    passwords = tmp_path / "passwords"
    subprocess.run([plant.find("mosquitto_passwd"), "-b", "-c", passwords, "gateway", "right"], check=True)
    passwords.chmod(0o644)
    devices = started(plant.Broker(tmp_path, "devices", anonymous=False, conf=f"user root\npassword_file {passwords}\n"))
    upstream = started(plant.Broker(tmp_path, "upstream"))
    (tmp_path / "user").write_text("gateway\n")
    (tmp_path / "password").write_text("wrong\n")
    path = written(tmp_path, devices.url(), upstream.url(),
                   f"  user_file: {tmp_path}/user\n  password_file: {tmp_path}/password\n")
    done = check(path)
    assert done.returncode == 1
    assert re.search(r"^devices .*(user|password|authori)", done.stdout, re.M), done.stdout
    (tmp_path / "password").write_text("right\n")
    assert check(path).returncode == 0
