"""Configurations that tests start from."""
import plant

STEELWORKS_SITES = """
factors:
  - {id: works-electricity, version: "2018", source: the plant's own records, valid_from: 2018-01-01,
     per: kWh, co2: 0.4585}
sites:
  - id: gwangyang
    zone: Asia/Seoul
    smallest: 15min
    periods: [15min, hour, day, month]
    restate_every: 1s
    streams:
      - {id: purchased-electricity, scope: 2, category: purchased electricity, carrier: electricity,
         factor: works-electricity}
    devices:
      - id: main-meter
        points:
          - {id: active-energy, kind: interval, interval: 15min, stamp: end, unit: kWh,
             stream: purchased-electricity}
          - {id: plant-state, kind: state}
"""


def links(devices_url, upstream_url, ingest="", publish=""):
    return f"""
ingest:
  broker: {devices_url}
  backoff_min: 100ms
  backoff_max: 1s
{ingest}
publish:
  broker: {upstream_url}
  backoff_min: 100ms
  backoff_max: 1s
{publish}
"""


def head(place, gateway="works-1", journal="", name="state"):
    return f"""
gateway: {gateway}
state: {place}/{name}
plugins: {plant.PLUGINS}
journal:
  segment: 4MB
  reserve: 64MB
{journal}
"""


def steelworks(place, devices_url, upstream_url, ingest="", publish="", journal=""):
    return head(place, journal=journal) + links(devices_url, upstream_url, ingest, publish) + STEELWORKS_SITES


def synthetic(place, devices_url, upstream_url, described, ingest="", publish="", journal="", site_options=""):
    """A configuration for the plant that carbon-fleet --describe tells of."""
    out = [head(place, journal=journal), links(devices_url, upstream_url, ingest, publish), """
factors:
  - {id: grid, version: "1", source: made up for a test, per: kWh, co2: 0.5}
sites:"""]
    for site in described["sites"]:
        out.append(f"""
  - id: {site['site']}
    zone: UTC
    periods: [15min, hour, day]
    restate_every: 1s
{site_options}
    streams:
      - {{id: power, scope: 2, category: purchased electricity, carrier: electricity, factor: grid}}
    devices:""")
        for device in site["devices"]:
            out.append(f"      - id: {device['device']}\n        points:")
            for point in device["points"]:
                extra = {"interval": f", interval: {described['period_ms']}ms",
                         "register": ", max_gap: 24h"}.get(point["kind"], "")
                stream = "" if point["kind"] == "state" else f", unit: {described['unit']}, stream: power"
                out.append(f"          - {{id: {point['point']}, kind: {point['kind']}{stream}{extra}}}")
    return "\n".join(out) + "\n"
