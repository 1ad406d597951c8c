"""A decoder that is a shared object of its own: devices that publish JSON."""
import json

import configs
import plant


def with_json(text):
    return text + """
topics:
  - {topic: "carbon/v1/{site}/{device}/reading", decoder: reading}
  - topic: "factory/{site}/{device}/json"
    decoder: json
    options: {time: ts, time_format: iso8601, point: name, value: kwh}
"""


def test_readings_as_json_reach_the_books(tmp_path, started, brokers):
    devices, upstream = brokers
    books = started(plant.Upstream(upstream.port, tmp_path))
    gateway = started(plant.Gateway(tmp_path, with_json(
        configs.steelworks(tmp_path, devices.url(), upstream.url())))).ready()
    topic = "factory/gwangyang/main-meter/json"
    plant.publish(devices.port, [
        (topic, json.dumps({"ts": "2018-03-01T00:15:00+09:00", "name": "active-energy", "kwh": 3.17})),
        (topic, '{"ts": "2018-03-01T00:30:00+09:00", "name": "active-energy", "kwh": "much"}'),
        (topic, "not JSON"),
        (topic, json.dumps({"ts": "2018-03-01T01:15:00+09:00", "name": "active-energy", "kwh": 1})),
    ])
    plant.until(lambda: books.summaries("15min"), "the window", gateway)
    assert plant.activity(books.summaries("15min")[0]) == 3_170
    plant.until(lambda: len(books.rejected) == 2, "the two that are no readings", gateway)
    assert gateway.end() == 0
    plant.until(lambda: plant.replayed(tmp_path, tmp_path / "state", f"replay-{len(books.summaries())}")
                == books.payloads_by_sequence(), "the same bytes from a replay")


def test_plugin_that_is_not_there_is_told_with_its_place(tmp_path, started, brokers):
    devices, upstream = brokers
    text = with_json(configs.steelworks(tmp_path, devices.url(), upstream.url())).replace(
        "decoder: json", "decoder: jsom")
    gateway = started(plant.Gateway(tmp_path, text))
    plant.until(lambda: gateway.poll() is not None, "the refusal")
    assert gateway.returncode != 0
    assert "jsom" in gateway.text()


def test_plugin_that_the_plan_in_force_names_and_that_is_gone_is_told_by_name(tmp_path, started, brokers):
    devices, upstream = brokers
    plain = configs.steelworks(tmp_path, devices.url(), upstream.url())
    gateway = started(plant.Gateway(tmp_path, with_json(plain))).ready()
    assert gateway.end() == 0
    gateway.config.write_text(plain.replace(f"plugins: {plant.PLUGINS}", f"plugins: {tmp_path}"))
    gateway.start()
    assert gateway.child.wait(plant.PATIENCE_S) == 1
    said = gateway.since_start()
    assert "put the plugin back" in said and 'no decoder "json"' in said
    assert not list((tmp_path / "state").glob("*.damaged-*"))
