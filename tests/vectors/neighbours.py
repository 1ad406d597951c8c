"""Cases of our own beside the published rows: what holds for them must hold a little to the side as well. Other units, other
periods and GWP sets, readings out of order, a factor's edge inside a delta. The figures are worked out by hand."""
from decimal import Decimal as D

from cases import CO2E, FROM, LOCATION, UNTIL, plant, used
from harness import Case, Expect

CASES = [
    Case("gwp-01-in-joules-by-ar6", plant("GJ", "scope: 2, carrier: electricity, factor: gwp-01-j"), used(3600),
         # 204960 kg CO2, 32 kg of fossil CH4 x 29.8, 4.597315436242 kg N2O x 273
         [Expect(LOCATION, D("207168.667114094066"), D("1e-12"), times=D("0.001"))],
         factors='- {id: gwp-01-j, source: UK 2023, per: kWh, co2: "0.20496", ch4: "0.000032", n2o: "0.000004597315436242"}',
         head="gwp_set: AR6"),
    Case("gwp-03-in-gallons", plant("US_gal", "scope: 1, carrier: diesel, factor: gwp-03-gal"), used(1000),
         # 3785.411784 L x 2.66380534 kg; a quarter hour's volume is a whole number of millilitres
         [Expect(CO2E, D("10083.600124318"), D("1e-7"), times=D("0.001"))],
         factors='- {id: gwp-03-gal, source: NZ MfE 2026 table 3.2, per: L, co2: "2.66380534"}'),
    Case("elec-01-by-the-day", plant("kWh", "scope: 2, carrier: electricity, factor: elec-01-day",
                                     zone="America/New_York", periods="[hour, day]"),
         used(10**6, "2024-03-10T04:30:00Z", "2024-03-10T05:30:00Z"),
         # half before the midnight behind which a day of 23 hours begins
         [Expect(LOCATION, 349289045, 0, period="day", start="2024-03-09T05:00:00Z"),
          Expect(LOCATION, 349289045, 0, period="day", start="2024-03-10T05:00:00Z"),
          Expect("end_unix_ms", "1710129600000", period="day", start="2024-03-10T05:00:00Z")],
         factors='- {id: elec-01-day, source: US EPA calculator, per: MWh, co2: "698.57809"}'),
    Case("trend-01-at-new-year", plant("kWh", "scope: 2, carrier: electricity, factor: trend-01-edge", zone="Asia/Shanghai"),
         used(1000, "2022-12-31T15:30:00Z", "2022-12-31T16:30:00Z"),
         [Expect(LOCATION, 268300, 0, start="2022-12-31T15:00:00Z"),
          Expect(LOCATION, 265300, 0, start="2022-12-31T16:00:00Z")],
         factors='- {id: trend-01-edge, source: MEE/NBS, per: kWh, co2: "0.5366", valid_from: 2022-01-01, valid_to: 2022-12-31}\n'
                 '- {id: trend-01-edge, source: MEE/NBS, per: kWh, co2: "0.5306", valid_from: 2023-01-01, valid_to: 2023-12-31}',
         note="one delta over the edge of two factor years"),
    Case("mtr-07-out-of-order", plant("kWh", "scope: 2, carrier: electricity"),
         [("meter", "count", "2024-03-05T10:20:00Z", 106), ("meter", "count", "2024-03-05T09:50:00Z", 100)],
         [Expect("streams[s].activity", 2000, 0, start="2024-03-05T09:00:00Z"),
          Expect("streams[s].activity", 4000, 0, start="2024-03-05T10:00:00Z")]),
    Case("ref-03-by-ar4", plant("kg", "scope: 1, carrier: R-404A, factor: ref-03-ar4"), used(10),
         # 0.44 x 3500 + 0.52 x 4470 + 0.04 x 1430 = 3921.6
         [Expect(CO2E, 39_216_000, 0)],
         factors='- {id: ref-03-ar4, source: ISO 817, per: kg, gases: [{gas: HFC-125, kg: "0.44"},'
                 ' {gas: HFC-143a, kg: "0.52"}, {gas: HFC-134a, kg: "0.04"}]}', head="gwp_set: AR4"),
    Case("no-factor-is-not-zero", plant("kWh", "scope: 2, carrier: electricity"), used(10, FROM, UNTIL),
         [Expect("streams[s].activity", 10000, 0), Expect(LOCATION, None)]),
]
