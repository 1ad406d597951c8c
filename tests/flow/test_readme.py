"""Every command of README.md works as printed, but for ports and paths."""
import re
import subprocess

import plant

README = (plant.ROOT / "README.md").read_text()
FIRST_COMMANDS = ["deploy/demo", "tests/run"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def block_with(language, word):
    found = [b for b in blocks(language) if word in b]
    assert len(found) == 1, f"{word} stands in {len(found)} blocks"
    return found[0]


def localized(text, tmp_path, devices_port, upstream_port):
    """The same text with this test's ports and paths."""
    return (text.replace("/etc/carbon-gateway.yaml", str(tmp_path / "gateway.yaml"))
            .replace("/var/lib/carbon-gateway", str(tmp_path / "state"))
            .replace("build/gateway/carbon-gateway", str(plant.GATEWAY))
            .replace("1883", str(devices_port)).replace("1884", str(upstream_port)))


def shell(text, stdin=None):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=plant.ROOT, capture_output=True,
                          text=True, timeout=plant.PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_two_commands_are_what_ci_runs():
    assert [b.strip() for b in blocks("sh")][:2] == FIRST_COMMANDS
    ci = (plant.ROOT / ".ci" / "run").read_text()
    assert all(re.search(rf"^{re.escape(c)}$", ci, re.M) for c in FIRST_COMMANDS)


def test_configuration_is_right_and_its_commands_work(tmp_path):
    (tmp_path / "gateway.yaml").write_text(localized(block_with("yaml", "gateway: works-1"), tmp_path, 1, 2))
    commands = localized(block_with("sh", "check --config"), tmp_path, 1, 2).splitlines()
    out = shell("\n".join(c for c in commands if " run " not in c))
    assert "the configuration is right" in out
    assert "password_file" in out


def test_first_reading_comes_out_upstream(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))

    def here(text):
        return localized(text, tmp_path, devices.port, upstream.port)

    (tmp_path / "gateway.yaml").write_text(here(block_with("yaml", "gateway: works-1")))
    run = [c for c in here(block_with("sh", "check --config")).splitlines() if " run " in c][0]
    gateway = started(plant.Program(run.split(), tmp_path / "gateway.log"))
    plant.until(lambda: "ingest.subscribed" in gateway.text(), "gateway subscribed", gateway)
    watch = started(plant.Program(["bash", "-c", here(block_with("sh", "decode summary"))], tmp_path / "watch.log"))
    plant.until(lambda: "carbon/v1/+/summary/15min" in upstream.text(), "the watcher's subscription")

    shell(here(block_with("sh", "mosquitto_pub")))
    (tmp_path / "first.py").write_text(here(block_with("python", "import Reading")))
    subprocess.run(["/usr/bin/python3", str(tmp_path / "first.py")], cwd=plant.ROOT, check=True)

    plant.until(lambda: books.summaries("15min"), "the window", gateway)
    assert plant.activity(books.summaries("15min")[0]) == 3_170
    plant.until(lambda: watch.poll() is not None, "the watcher's end")
    printed = plant.json.loads(watch.text())
    assert printed["site_id"] == "gwangyang"
    assert printed["streams"][0]["activity"] == {"whole": "3170"}

