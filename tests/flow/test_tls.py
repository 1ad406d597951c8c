"""Both legs speak TLS, check who they talk to, and never tell a password."""
import subprocess

import configs
import plant
import pytest

PASSWORD = "tiefgruenes-geheimnis"


def openssl(*args):
    subprocess.run([plant.find("openssl"), *map(str, args)], check=True, capture_output=True)


def make_ca(folder, name):
    folder.mkdir(exist_ok=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    return folder


def make_server(ca, folder, names):
    """A server folder with ca.pem, cert.pem and key.pem for the given subjectAltName."""
    folder.mkdir(exist_ok=True)
    request, extensions = folder / "request.pem", folder / "extensions"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=broker",
            "-keyout", folder / "key.pem", "-out", request)
    extensions.write_text(f"subjectAltName={names}\n")
    openssl("x509", "-req", "-in", request, "-CA", ca / "ca.pem", "-CAkey", ca / "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", folder / "cert.pem")
    (folder / "ca.pem").write_bytes((ca / "ca.pem").read_bytes())
    (folder / "key.pem").chmod(0o644)
    return folder


@pytest.fixture
def authority(tmp_path):
    return make_ca(tmp_path / "ca", "plant CA")


def start(tmp_path, started, device_tls, upstream_tls, ca_devices, ca_upstream, host="localhost"):
    password_file = tmp_path / "mosquitto.passwd"
    subprocess.run([plant.find("mosquitto_passwd"), "-b", "-c", str(password_file), "gateway", PASSWORD], check=True)
    (tmp_path / "user").write_text("gateway\n")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    auth = f"password_file {password_file}\nuser root\n"
    devices = started(plant.Broker(tmp_path, "devices", auth, tls=device_tls, anonymous=False))
    upstream = started(plant.Broker(tmp_path, "upstream", auth, tls=upstream_tls, anonymous=False))

    def leg(ca):
        return (f"  ca_file: {ca}\n  user_file: {tmp_path / 'user'}\n"
                f"  password_file: {tmp_path / 'password'}\n")

    config = configs.steelworks(tmp_path, devices.url(host, True), upstream.url(host, True),
                                ingest=leg(ca_devices), publish=leg(ca_upstream))
    return devices, upstream, started(plant.Gateway(tmp_path, config))


def test_both_legs_connect_under_tls_with_user_and_password(tmp_path, started, authority):
    server = make_server(authority, tmp_path / "server", "DNS:localhost")
    ca = authority / "ca.pem"
    _, _, gateway = start(tmp_path, started, server, server, ca, ca)
    gateway.ready()
    plant.until(lambda: "publish.connected" in gateway.text(), "upstream connected", gateway)
    assert PASSWORD not in gateway.text()


def test_wrong_host_name_is_refused_on_both_legs(tmp_path, started, authority):
    server = make_server(authority, tmp_path / "server", "DNS:elsewhere.example")
    ca = authority / "ca.pem"
    _, _, gateway = start(tmp_path, started, server, server, ca, ca)
    assert_both_refused(gateway)


def test_foreign_ca_is_refused_on_both_legs(tmp_path, started, authority):
    server = make_server(authority, tmp_path / "server", "DNS:localhost")
    foreign = make_ca(tmp_path / "foreign", "somebody else's CA") / "ca.pem"
    _, _, gateway = start(tmp_path, started, server, server, foreign, foreign)
    assert_both_refused(gateway)


def test_wrong_password_is_told_and_never_written(tmp_path, started, authority):
    server = make_server(authority, tmp_path / "server", "DNS:localhost")
    ca = authority / "ca.pem"
    (tmp_path / "password").write_text("x")
    _, _, gateway = start(tmp_path, started, server, server, ca, ca)
    gateway.end()
    (tmp_path / "password").write_text(PASSWORD + "-wrong\n")
    gateway.start()
    plant.until(lambda: "ingest.turned_away" in gateway.since_start(), "the refusal", gateway)
    assert PASSWORD not in gateway.text()


def assert_both_refused(gateway):
    def attempts(leg):
        return gateway.text().count(f"{leg}.unreachable")

    plant.until(lambda: attempts("ingest") >= 2 and attempts("publish") >= 2, "refusals on both legs", gateway)
    assert "ingest.connected" not in gateway.text()
    assert "publish.connected" not in gateway.text()
