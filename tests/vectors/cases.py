"""What each row of carbon-vectors.csv is as a plant: configuration, readings, and the figure that must come out.

The rows are small; most are scaled up (a thousand tonnes in place of one), so that whole micrograms do not bear on
the tolerance. Times lie in years in which the factors of the row are valid. A case whose keys the gateway does not know
yet names one in `needs` and waits; nothing else is left out, and a test holds the table against the file.
"""
import json
from decimal import Decimal as D

from harness import ROOT, Case, Expect, Message

FROM, UNTIL = "2024-03-05T10:00:00Z", "2024-03-05T11:00:00Z"


def used(amount, at=FROM, until=UNTIL):
    """One register that goes up by the amount in an hour."""
    return [("meter", "count", at, 0), ("meter", "count", until, amount)]


def plant(unit, stream, point="", more="", zone="UTC", periods="[hour]"):
    """A site with one stream and one register."""
    return f"""
zone: {zone}
smallest: 15min
periods: {periods}
streams:
  - {{id: s, {stream}}}
devices:
  - id: meter
    points:
      - {{id: count, kind: register, unit: {unit}, stream: s{point}}}
{more}
"""


def gauge(unit, stream, point="", periods="[hour]"):
    """The same with a gauge."""
    return plant(unit, stream, point, periods=periods).replace("kind: register", "kind: gauge")


CO2E = "totals.scope1.co2e_g"
LOCATION = "totals.scope2_location.co2e_g"
CASES, STEPS, WAITS = [], {}, {}


TABLES = "".join(file.read_text() for file in sorted((ROOT / "gateway" / "model").glob("plan*.c")))


def case(*args, needs="", **more):
    """A case; one that needs a key which no option table of the plan has waits until one has it."""
    made = Case(*args, **more)
    CASES.append(made)
    if needs and f'.name = "{needs}"' not in TABLES:
        WAITS[made.id] = f"the key {needs}"


# --- greenhouse gases ------------------------------------------------------------------------------------------

case("GWP-01", plant("kWh", "scope: 2, carrier: electricity, factor: gwp-01"), used(10**6),
     [Expect(LOCATION, D("207074.28859060401"), D("1e-9"), times=D("0.001")),
      Expect("totals.scope2_location.gases[GAS_CO2_FOSSIL].mass_g", 204960, D("1e-9"), times=D("0.001")),
      Expect("totals.scope2_location.gases[GAS_CH4_FOSSIL].mass_g", 32, D("1e-9"), times=D("0.001")),
      Expect("totals.scope2_location.gases[GAS_N2O].mass_g", D("4.5973154362416099"), D("1e-9"), times=D("0.001"))],
     factors='- {id: gwp-01, source: UK 2023, per: kWh, co2: "0.20496", ch4: "0.000032", n2o: "0.000004597315436242"}',
     note="1 GWh")

case("GWP-03", plant("L", "scope: 1, carrier: diesel, factor: gwp-03"), used(10**6),
     [Expect(CO2E, 2679858.468, D("1e-8"), times=D("0.001"))],
     factors='- {id: gwp-03, source: NZ MfE 2026 table 3.2, per: L, co2: "2.66380534", ch4: "0.000365674875",'
             ' n2o: "0.000021940492452830"}',
     note="a million litres; CH4 and N2O as masses, 28 and 265 kg CO2e per kg")

case("REF-03", plant("kg", "scope: 1, carrier: R-404A, factor: ref-03"), used(1000),
     [Expect(CO2E, 4728, D("5e-4"), times=D("1e-6")),
      Expect("totals.scope1.gases[GAS_HFC_125].mass_g", 440_000, 0),
      Expect("totals.scope1.gases[GAS_HFC_143A].mass_g", 520_000, 0),
      Expect("totals.scope1.gases[GAS_HFC_134A].mass_g", 40_000, 0)],
     factors='- {id: ref-03, source: ISO 817, per: kg, gases: [{gas: HFC-125, kg: "0.44"},'
             ' {gas: HFC-143a, kg: "0.52"}, {gas: HFC-134a, kg: "0.04"}]}', head="gwp_set: AR6",
     note="a thousand kilograms; the species stay apart")

case("INV-10", plant("t", "scope: 1, carrier: SF6, factor: inv-10"), used(65.3),
     [Expect(CO2E, 1560714, D("1e-4"), times=D("1e-6")),
      Expect("totals.scope1.gases[GAS_SF6].mass_g", 65_300_000, 0)],
     factors="- {id: inv-10, source: mass as it is, per: t, gases: [{gas: SF6, kg: 1000}]}", head="gwp_set: SAR")

case("INV-07", gauge("head", "scope: 1, carrier: cattle, factor: inv-07", ", max_gap: 400d", periods="[year]"),
     [("meter", "count", at, 70643) for at in ("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z")],
     [Expect("totals.scope1.gases[GAS_CH4_BIOGENIC].mass_g", 3744, D("1e-4"), period="year", times=D("1e-6")),
      Expect(CO2E, 78626, D("1e-4"), period="year", times=D("1e-6"))],
     factors="- {id: inv-07, source: IPCC 2006 V4 Ch10, per: head.a, ch4_biogenic: 53}", head="gwp_set: SAR",
     note="a year of 365 days")

case("INV-06", plant("short_ton", "scope: 1, carrier: synthetic fertiliser, factor: inv-06", ', multiplier: "0.9"'),
     used(563165),
     [Expect("totals.scope1.gases[GAS_N2O].mass_g", 7224, D("3e-4"), times=D("1e-6")),
      Expect(CO2E, 2239488, D("3e-4"), times=D("1e-6"))],
     factors='- {id: inv-06, source: IPCC 2006 V4 Ch11, per: kg, n2o: "0.015714285714285714"}', head="gwp_set: SAR",
     note="of the nitrogen a tenth is volatilised; the rest gives 0.01 kg N per kg, at 44/28")

# --- fuels -----------------------------------------------------------------------------------------------------


def fuel(name, unit, amount, row, expect, note="", head="gwp_set: AR5"):
    """A register of a fuel, and a factor by one of the methods."""
    case(name, plant(unit, f"scope: 1, carrier: fuel, factor: {name.lower()}"), used(amount), expect,
         factors=f"- {{id: {name.lower()}, source: carbon-vectors.csv, {row}}}", note=note, head=head,
         needs="parameters")


NATURAL_GAS = 'method: energy_ef, per: TJ, co2: 56100, calorific_value: "48.0", calorific_unit: TJ/Gg'
fuel("FUEL-01", "t", 1000, NATURAL_GAS, [Expect(CO2E, D("2692.8"), D("1e-9"), times=D("1e-6"))])
fuel("FUEL-02", "m3", 10**6, NATURAL_GAS + ', density: "0.7", density_unit: kg/m3',
     [Expect(CO2E, D("1884.96"), D("1e-9"), times=D("1e-6"))])
fuel("FUEL-06", "short_ton", 1000, 'method: energy_ef, per: MMBtu_IT.gross, co2: "93.28", ch4: "0.011", n2o: "0.0016",'
     ' calorific_value: "24.93", calorific_unit: MMBtu_IT.gross/short_ton',
     [Expect(f"totals.scope1.gases[{gas}].mass_g", kg, D("3e-3"), times=D("1e-6"))
      for gas, kg in (("GAS_CO2_FOSSIL", 2325), ("GAS_CH4_FOSSIL", D("0.274")), ("GAS_N2O", D("0.040")))])
fuel("FUEL-07", "scf_60F", 10**6, 'method: energy_ef, per: MMBtu_IT.gross, co2: "53.06", calorific_value: "0.001026",'
     ' calorific_unit: MMBtu_IT.gross/scf_60F', [Expect(CO2E, D("54.44"), D("1e-4"), times=D("1e-6"))])
fuel("FUEL-09", "therm_IT", 10**6, 'method: ncv_cc_of, per: MMBtu_IT, carbon_content: "14.43", carbon_unit: kg/MMBtu_IT',
     [Expect(CO2E, 5300, D("5e-3"), times=D("1e-6"))])
fuel("FUEL-11", "short_ton", 1000, 'method: ncv_cc_of, per: short_ton, carbon_content: "0.78", carbon_unit: t/t',
     [Expect(CO2E, 5_720_000, D("5e-4"), times=1 / D("453.59237"))], note="in pounds; by heat it is FUEL-11-heat")
fuel("FUEL-11-heat", "MMBtu_IT", 1000, 'method: ncv_cc_of, per: MMBtu_IT, carbon_content: "0.78", carbon_unit: t/t,'
     " calorific_value: 14000, calorific_unit: Btu_IT/lb", [Expect(CO2E, 204_300, D("5e-4"), times=1 / D("453.59237"))])
fuel("FUEL-12", "t", 10000, 'method: energy_ef, per: TJ, co2: 56100, oxidation: 1, calorific_value: "48.0",'
     ' calorific_unit: GJ/t', [Expect(CO2E, 26900, D("2e-3"), times=D("1e-6"))])

for row, unit, ncv, carbon, oxidation, kg in (
        ("CN-FUEL-01", "kg", 20908, "26.37", "0.94", "1.9003"), ("CN-FUEL-03", "kg", 41816, "20.1", "0.98", "3.0202"),
        ("CN-FUEL-05", "kg", 43070, "18.9", "0.98", "2.9251"), ("CN-FUEL-07", "kg", 42652, "20.2", "0.98", "3.0959"),
        ("CN-FUEL-10", "m3", 38931, "15.3", "0.99", "2.1622")):
    fuel(row, unit, 10**6, f'method: ncv_cc_of, per: {unit}, calorific_value: {ncv}, calorific_unit: kJ/{unit},'
         f' carbon_content: "{carbon}", carbon_unit: t/TJ, oxidation: "{oxidation}"',
         [Expect(CO2E, D(kg) * 1000, D("1e-4"), times=D("1e-6"))])

fuel("INV-04", "short_ton", 25862, 'method: energy_ef, per: Btu_IT, co2_biogenic: "0.0000938",'
     " calorific_value: 15380000, calorific_unit: Btu_IT/short_ton",
     [Expect("totals.scope1.biogenic_co2_g", 37310, D("1e-5"), times=D("1e-6")), Expect(CO2E, 0, 0)],
     note="beside the total, which it leaves at 0")

# --- electricity -----------------------------------------------------------------------------------------------

case("ELEC-01", plant("MWh", "scope: 2, carrier: electricity, factor: elec-01"), used(1000),
     [Expect(LOCATION, D("698.5847773"), D("1e-3"), times=D("1e-6"))],
     factors='- {id: elec-01, source: US EPA calculator, per: MWh, co2: "698.57809"}',
     note="1540.1 lb/MWh is 698.57809 kg/MWh at 0.45359237 kg/lb; the row takes 2204.6 lb/t")

case("TREND-01", plant("kWh", "scope: 2, carrier: electricity, factor: trend-01", zone="Asia/Shanghai"),
     used(10**6, "2022-07-01T00:00:00Z", "2022-07-01T01:00:00Z")
     + [("meter", "count", "2023-07-01T00:00:00Z", 10**6), ("meter", "count", "2023-07-01T01:00:00Z", 2 * 10**6)],
     [Expect(LOCATION, 536600, 0, start="2022-07-01T00:00:00Z", times=D("0.001")),
      Expect(LOCATION, 530600, 0, start="2023-07-01T00:00:00Z", times=D("0.001")),
      Expect(LOCATION, D("-1.1"), D("2e-2"), start="2023-07-01T00:00:00Z", against="2022-07-01T00:00:00Z",
             times=100)],
     factors='- {id: trend-01, source: MEE/NBS, per: kWh, co2: "0.5366", valid_from: 2022-01-01, valid_to: 2022-12-31}\n'
             '- {id: trend-01, source: MEE/NBS, per: kWh, co2: "0.5306", valid_from: 2023-01-01, valid_to: 2023-12-31}',
     note="the same megawatt hours in two factor years: 536.6 t and 530.6 t, -1.118 %")

case("ELEC-03", plant("kWh", "scope: 2, carrier: electricity, factor: elec-03, residual_mix: elec-03-mix",
                      more="instruments:\n  - {id: go, stream: s, kwh: 600000, renewable: true, retirement_id: GO-1}"),
     used(10**6),
     [Expect(LOCATION, 200, D("1e-12"), times=D("1e-6")),
      Expect("totals.scope2_market.co2e_g", 180, D("1e-12"), times=D("1e-6"))],
     factors='- {id: elec-03, source: grid, per: kWh, co2: "0.20"}\n'
             '- {id: elec-03-mix, source: residual mix, per: kWh, co2: "0.45"}', needs="residual_mix")

BY_REGION = """gwp_set: AR5
topics:
  - {topic: "carbon/v1/{site}/{device}/reading", decoder: reading}
  - {topic: "carbon/v1/intensity/{region}", decoder: intensity}"""


def intensity(**first):
    """Both half hours, the first one as it was known at a time."""
    values = [{"from": "2018-01-20T12:00Z", "to": "2018-01-20T12:30Z", **first},
              {"from": "2018-01-20T12:30Z", "to": "2018-01-20T13:00Z", "forecast": 250, "actual": 250}]
    return Message("carbon/v1/intensity/elec-05", json.dumps({"source": "constructed", "values": values}))


case("ELEC-05", plant("kWh", "scope: 2, carrier: electricity, intensity: elec-05"),
     [intensity(forecast=266)]
     + [("meter", "count", f"2018-01-20T{at}Z", kwh)
        for at, kwh in (("12:00:00", 0), ("12:30:00", 10), ("13:00:00", 30), ("15:00:00", 30), ("18:00:00", 30))]
     + [intensity(forecast=266, actual=263)],
     [Expect(LOCATION, D("7.66"), 0, start="2018-01-20T12:00:00Z", revision=1, times=D("0.001")),
      Expect(LOCATION, D("7.63"), 0, start="2018-01-20T12:00:00Z", revision=2, times=D("0.001")),
      Expect("reasons.0", "REASON_INTENSITY_ACTUAL", start="2018-01-20T12:00:00Z", revision=2)],
     head=BY_REGION, note="published by the forecast, and restated by the actual value")

# --- metering --------------------------------------------------------------------------------------------------

case("MTR-01", plant("kWh", "scope: 2, carrier: electricity"),
     [("meter", "count", f"2024-03-05T10:{minute:02}:00Z", value)
      for minute, value in ((0, 13423.7), (15, 13423.9), (30, 0), (45, 13424.1))],
     [Expect("streams[s].activity", 400, 0)])

case("MTR-02", plant("kWh", "scope: 2, carrier: electricity", ", modulus: 1000000, max_rate: 100"),
     [("meter", "count", f"2024-03-05T10:{minute:02}:00Z", value)
      for minute, value in ((0, 999998), (15, 999999), (30, 3))],
     [Expect("streams[s].activity", 5000, 0)])

case("MTR-05", gauge("kW", "scope: 2, carrier: electricity"),
     [("meter", "count", f"2024-03-05T{at}:00Z", kw)
      for at, kw in (("10:00", 100), ("10:15", 120), ("10:30", 80), ("11:00", 80))],
     [Expect("streams[s].activity", 92500, 0)])

case("MTR-07", plant("kWh", "scope: 2, carrier: electricity"),
     [("meter", "count", "2024-03-05T09:50:00Z", 100), ("meter", "count", "2024-03-05T10:20:00Z", 106)],
     [Expect("streams[s].activity", 2000, 0, start="2024-03-05T09:00:00Z"),
      Expect("streams[s].activity", 4000, 0, start="2024-03-05T10:00:00Z"),
      Expect("streams[s].parts.interpolated", 2000, 0, start="2024-03-05T09:00:00Z"),
      Expect("streams[s].parts.interpolated", 4000, 0, start="2024-03-05T10:00:00Z")])

# --- time ------------------------------------------------------------------------------------------------------

case("TIME-02", plant("kWh", "scope: 2, carrier: electricity", zone="Asia/Shanghai", periods="[day]"),
     [("meter", "count", "2026-04-30T16:00:00Z", 0), ("meter", "count", "2026-05-01T15:00:00Z", 7)],
     [Expect("start_unix_ms", "1777564800000", period="day"),      # 2026-04-30T16:00Z
      Expect("end_unix_ms", "1777651200000", period="day"),        # 2026-05-01T16:00Z
      Expect("streams[s].activity", 7000, 0, period="day")])

# --- units -----------------------------------------------------------------------------------------------------

case("UNIT-01", """
zone: UTC
periods: [hour]
streams:
  - {id: therm, scope: 1, carrier: natural gas}
  - {id: mmbtu, scope: 1, carrier: natural gas}
  - {id: tce, scope: 1, carrier: coal}
devices:
  - id: meter
    points:
      - {id: therm, kind: register, unit: therm_IT, stream: therm}
      - {id: mmbtu, kind: register, unit: MMBtu_IT, stream: mmbtu}
      - {id: tce, kind: register, unit: tce, stream: tce}
""", [("meter", name, at, value) for name in ("therm", "mmbtu", "tce") for at, value in ((FROM, 0), (UNTIL, 1000))],
     [Expect("streams[therm].activity", D("29307.1"), D("1e-5"), times=D("0.001")),
      Expect("streams[mmbtu].activity", 293071, D("1e-5"), times=D("0.001")),
      Expect("streams[tce].activity", 8141000, D("1e-5"), times=D("0.001"))],
     note="a thousand of each, in kWh")

# --- uncertainty -----------------------------------------------------------------------------------------------

case("UNC-01", plant("L", "scope: 1, carrier: diesel, factor: unc-01", ", uncertainty: 0"), used(10**6),
     [Expect("totals.scope1.uncertainty.relative_ppm", D("1.02"), D("5e-3"), times=D("1e-4"))],
     factors='- {id: unc-01, source: NZ MfE 2026 table 3.2, per: L, co2: "2.66380534", ch4: "0.000365674875",'
             ' n2o: "0.000021940492452830", uncertainty: "co2:1;ch4:50;n2o:50"}',
     note="of the factor alone: the meter is declared exact", needs="residual_mix")

case("UNC-03", plant("kWh", "scope: 2, carrier: electricity, factor: unc-03", ", uncertainty: 5"), used(1000),
     [Expect("totals.scope2_location.uncertainty.relative_ppm", D("11.18"), D("1e-3"), times=D("1e-4"))],
     factors="- {id: unc-03, source: constructed, per: kWh, co2: 1, uncertainty: 10}",
     note="5 % of the meter, 10 % of the factor", needs="residual_mix")

# --- stacks ----------------------------------------------------------------------------------------------------

STACK = """
zone: UTC
periods: [hour]
streams:
  - {{id: s, scope: 1, carrier: flue gas, factor: {name}}}
devices:
  - id: stack
    points:
      - {{id: co2, kind: gauge, unit: g/Nm3, period: 5min}}
      - {{id: flow, kind: gauge, unit: Nm3/h, period: 5min}}
      - {{id: mass, kind: derived, formula: stack, every: 1h, unit: t, stream: s,
         inputs: [{{as: concentration, point: co2}}, {{as: flow, point: flow}}]}}
"""


def stack(name, good, expect):
    """An hour of twelve values of concentration and flow; those of the concentration beyond the good ones are of a
    calibration, and of what is good the mean is 200 g/Nm3."""
    readings = []
    for i in range(12):
        at = f"2024-03-05T10:{5 * i:02}:00Z"
        readings.append(("stack", "co2", at, 190 + 20 * (i % 2)) if i < good else
                        ("stack", "co2", at, 20, {"quality": "calibration"}))
        readings.append(("stack", "flow", at, 50000))
    case(name, STACK.format(name=name.lower()), readings, expect,
             factors=f"- {{id: {name.lower()}, source: the mass itself, per: t, co2: 1000}}", needs="formula")


for name, good in (("CEMS-09", 12), ("CEMS-11", 10)):
    stack(name, good, [Expect(CO2E, 10, 0, times=D("1e-6"))])

# --- key figures -----------------------------------------------------------------------------------------------

case("DC-01", """
zone: UTC
periods: [hour]
streams:
  - {id: s, scope: 2, carrier: electricity, factor: dc-01}
kpis:
  - {name: pue, numerator: s, denominator: hall/it}
  - {name: cue, numerator: s, figure: co2e, denominator: hall/it}
devices:
  - id: hall
    points:
      - {id: it, kind: register, unit: MWh, stream: s}
      - {id: cooling, kind: register, unit: MWh, stream: s}
""", [("hall", point, at, value) for point, used_mwh in (("it", 1000), ("cooling", 500))
      for at, value in ((FROM, 0), (UNTIL, used_mwh))],
     [Expect("totals.kpis[pue].value", D("1.5"), D("1e-9")), Expect("totals.kpis[cue].value", D("0.7959"), D("1e-9"))],
     factors='- {id: dc-01, source: MEE/NBS, per: kWh, co2: "0.5306"}', note="machines and the rest are metered apart")

# --- steps -----------------------------------------------------------------------------------------------------

# A unit test of the function that the path itself uses; its name begins with the row's: unit_02_…
STEPS.update({"UNIT-02": "gateway/model/unit_test.c", "REF-01": "gateway/account/kpi_test.c",
              "CEMS-13": "gateway/fill/rule_test.c"})

# --- derived points ----------------------------------------------------------------------------------------------

case("HEAT-01", """
zone: UTC
periods: [hour]
streams:
  - {id: steam, scope: 1, carrier: steam}
  - {id: s, scope: 2, carrier: heat, factor: heat-01}
devices:
  - id: meter
    points:
      - {id: count, kind: register, unit: t, stream: steam}
      - id: heat
        kind: derived
        formula: heat
        unit: GJ
        stream: s
        inputs: [{point: count}]
        with: {enthalpy: 2783, base_enthalpy: 83.74, source: constructed}
""", used(1000),
     [Expect(LOCATION, D("296.9186"), D("1e-9"), times=D("1e-6")),
      Expect("streams[s].activity", D("2699.26"), D("1e-9"), times=D("3.6e-6"))],
     factors='- {id: heat-01, source: China default, per: GJ, co2: "110"}')

case("virtual-meter", """
zone: UTC
periods: [hour]
streams:
  - {id: s, scope: 2, carrier: electricity}
devices:
  - id: meter
    points:
      - {id: count, kind: register, unit: kWh, stream: s, role: check}
      - {id: sub, kind: register, unit: MWh, stream: s, role: sub}
      - {id: rest, kind: derived, formula: sum, unit: kWh, stream: s,
         inputs: [{point: count}, {point: sub, coefficient: -1}]}
""", used(1000) + [("meter", "sub", FROM, 5), ("meter", "sub", UNTIL, 5.25)],
     [Expect("streams[s].activity", 750000, 0)], note="a main meter less a sub-meter")

case("CEMS-03", """
zone: UTC
periods: [hour]
streams:
  - {id: s, scope: 1}
devices:
  - id: stack
    points:
      - {id: nox, kind: gauge, unit: ppm_vol.dry, period: 15min}
      - {id: flow, kind: gauge, unit: scf_68F.dry/min, period: 15min}
      - id: mass
        kind: derived
        formula: stack
        unit: lb
        stream: s
        inputs: [{as: concentration, point: nox}, {as: flow, point: flow}]
        with: {molar_mass: 46.0055, source: NO2, hour_rule: part_75}
""", [("stack", point, f"2024-03-05T10:{15 * i:02}:00Z", value)
      for i in range(4) for point, value in (("nox", 43.2), ("flow", 5780))],
     [Expect("streams[s].activity", D("1.79"), D("2e-3"), times=1 / D("453.59237"))])

STEPS.update({name: "gateway/derive/formula_test.c" for name in ("CEMS-01", "CEMS-02", "CEMS-04")})

# --- rows that no case above runs yet: what each of them waits for -----------------------------------------------

