/* The rows of the table of units; unit.c says what they mean and where they are from. Each ratio is the
 * defining figure over the base unit of its dimension, in lowest terms; the definition stands beside
 * those that are not powers of ten.
 *
 * UNIT(number, name, UCUM, dimension, numerator, denominator, basis, offset numerator, denominator) */
UNIT(1, "Wh", "W.h", ENERGY, 1, 1, NONE, 0, 1)
UNIT(2, "kWh", "kW.h", ENERGY, 1000, 1, NONE, 0, 1)
UNIT(3, "MWh", "MW.h", ENERGY, 1000000, 1, NONE, 0, 1)
UNIT(4, "GWh", "GW.h", ENERGY, 1000000000, 1, NONE, 0, 1)
UNIT(5, "J", "J", ENERGY, 1, 3600, NONE, 0, 1)
UNIT(6, "kJ", "kJ", ENERGY, 5, 18, NONE, 0, 1)
UNIT(7, "MJ", "MJ", ENERGY, 2500, 9, NONE, 0, 1)
UNIT(8, "GJ", "GJ", ENERGY, 2500000, 9, NONE, 0, 1)
UNIT(9, "TJ", "TJ", ENERGY, 2500000000, 9, NONE, 0, 1)
UNIT(10, "Btu_IT", "[Btu_IT]", ENERGY, 52752792631, 180000000000, NONE, 0, 1) /* 1055.05585262 J */
UNIT(11, "MMBtu_IT", "10*6.[Btu_IT]", ENERGY, 52752792631, 180000, NONE, 0, 1)
UNIT(12, "therm_IT", "10*5.[Btu_IT]", ENERGY, 52752792631, 1800000, NONE, 0, 1)
UNIT(13, "kcal_IT", "kcal_IT", ENERGY, 1163, 1000, NONE, 0, 1) /* 4186.8 J */
UNIT(14, "Gcal_IT", "Gcal_IT", ENERGY, 1163000, 1, NONE, 0, 1)

UNIT(20, "g", "g", MASS, 1, 1, NONE, 0, 1)
UNIT(21, "kg", "kg", MASS, 1000, 1, NONE, 0, 1)
UNIT(22, "t", "t", MASS, 1000000, 1, NONE, 0, 1)
UNIT(23, "lb", "[lb_av]", MASS, 45359237, 100000, NONE, 0, 1) /* 453.59237 g */
UNIT(24, "short_ton", "[ston_av]", MASS, 45359237, 50, NONE, 0, 1) /* 2000 lb */
UNIT(25, "long_ton", "[lton_av]", MASS, 635029318, 625, NONE, 0, 1) /* 2240 lb */
UNIT(26, "mg", "mg", MASS, 1, 1000, NONE, 0, 1)
UNIT(27, "Gg", "Gg", MASS, 1000000000, 1, NONE, 0, 1)
UNIT(28, "kg.dry", "kg", MASS, 1000, 1, DRY, 0, 1)
UNIT(29, "t.dry", "t", MASS, 1000000, 1, DRY, 0, 1)

UNIT(30, "m3", "m3", VOLUME, 1, 1, NONE, 0, 1)
UNIT(31, "L", "L", VOLUME, 1, 1000, NONE, 0, 1)
UNIT(32, "US_gal", "[gal_us]", VOLUME, 473176473, 125000000000, NONE, 0, 1) /* 231 in3 */
UNIT(33, "UK_gal", "[gal_br]", VOLUME, 454609, 100000000, NONE, 0, 1) /* 4.54609 L */
UNIT(34, "US_bbl", "[bbl_us]", VOLUME, 9936705933, 62500000000, NONE, 0, 1) /* 42 US_gal */
UNIT(35, "cft", "[cft_i]", VOLUME, 55306341, 1953125000, NONE, 0, 1) /* (0.3048 m)^3 */

UNIT(40, "Btu_th", "[Btu_th]", ENERGY, 2343, 8000, NONE, 0, 1) /* 1054.350 J */
UNIT(41, "Btu_59F", "[Btu_59]", ENERGY, 293, 1000, NONE, 0, 1) /* 1054.80 J */
UNIT(42, "Btu_60F", "[Btu_60]", ENERGY, 8789, 30000, NONE, 0, 1) /* 1054.68 J */
UNIT(43, "therm_US", "", ENERGY, 263701, 9, NONE, 0, 1) /* 105.4804 MJ: 1e5 Btu of 59 degF */
UNIT(44, "cal_IT", "cal_IT", ENERGY, 1163, 1000000, NONE, 0, 1)
UNIT(45, "cal_th", "cal_th", ENERGY, 523, 450000, NONE, 0, 1) /* 4.184 J */
UNIT(46, "kcal_th", "kcal_th", ENERGY, 523, 450, NONE, 0, 1)
UNIT(47, "kgce", "", ENERGY, 8141, 1, NONE, 0, 1) /* 7000 kcal_IT */
UNIT(48, "tce", "", ENERGY, 8141000, 1, NONE, 0, 1)
UNIT(49, "kgce_GB2589", "", ENERGY, 48845, 6, NONE, 0, 1) /* 29 307 kJ, as GB/T 2589 prints it */
UNIT(50, "tce_GB2589", "", ENERGY, 24422500, 3, NONE, 0, 1)
UNIT(51, "toe", "", ENERGY, 11630000, 1, NONE, 0, 1) /* 10 Gcal_IT */
UNIT(52, "Mcal_IT", "Mcal_IT", ENERGY, 1163, 1, NONE, 0, 1)
UNIT(60, "Wh.net", "W.h", ENERGY, 1, 1, NET, 0, 1)
UNIT(61, "kWh.net", "kW.h", ENERGY, 1000, 1, NET, 0, 1)
UNIT(62, "MWh.net", "MW.h", ENERGY, 1000000, 1, NET, 0, 1)
UNIT(63, "GWh.net", "GW.h", ENERGY, 1000000000, 1, NET, 0, 1)
UNIT(64, "MJ.net", "MJ", ENERGY, 2500, 9, NET, 0, 1)
UNIT(65, "GJ.net", "GJ", ENERGY, 2500000, 9, NET, 0, 1)
UNIT(66, "TJ.net", "TJ", ENERGY, 2500000000, 9, NET, 0, 1)
UNIT(67, "MMBtu_IT.net", "10*6.[Btu_IT]", ENERGY, 52752792631, 180000, NET, 0, 1)
UNIT(68, "therm_IT.net", "10*5.[Btu_IT]", ENERGY, 52752792631, 1800000, NET, 0, 1)
UNIT(69, "Wh.gross", "W.h", ENERGY, 1, 1, GROSS, 0, 1)
UNIT(70, "kWh.gross", "kW.h", ENERGY, 1000, 1, GROSS, 0, 1)
UNIT(71, "MWh.gross", "MW.h", ENERGY, 1000000, 1, GROSS, 0, 1)
UNIT(72, "GWh.gross", "GW.h", ENERGY, 1000000000, 1, GROSS, 0, 1)
UNIT(73, "MJ.gross", "MJ", ENERGY, 2500, 9, GROSS, 0, 1)
UNIT(74, "GJ.gross", "GJ", ENERGY, 2500000, 9, GROSS, 0, 1)
UNIT(75, "TJ.gross", "TJ", ENERGY, 2500000000, 9, GROSS, 0, 1)
UNIT(76, "MMBtu_IT.gross", "10*6.[Btu_IT]", ENERGY, 52752792631, 180000, GROSS, 0, 1)
UNIT(77, "therm_IT.gross", "10*5.[Btu_IT]", ENERGY, 52752792631, 1800000, GROSS, 0, 1)

UNIT(80, "Nm3", "m3", VOLUME, 1, 1, N, 0, 1)
UNIT(81, "Nm3.dry", "m3", VOLUME, 1, 1, N_DRY, 0, 1)
UNIT(82, "Nm3.wet", "m3", VOLUME, 1, 1, N_WET, 0, 1)
UNIT(83, "Sm3", "m3", VOLUME, 1, 1, S15, 0, 1)
UNIT(84, "Sm3.dry", "m3", VOLUME, 1, 1, S15_DRY, 0, 1)
UNIT(85, "Sm3.wet", "m3", VOLUME, 1, 1, S15_WET, 0, 1)
UNIT(86, "m3_20C", "m3", VOLUME, 1, 1, C20, 0, 1)
UNIT(87, "scf_60F", "[cft_i]", VOLUME, 55306341, 1953125000, F60, 0, 1)
UNIT(88, "scf_68F", "[cft_i]", VOLUME, 55306341, 1953125000, F68, 0, 1)
UNIT(89, "scf_68F.dry", "[cft_i]", VOLUME, 55306341, 1953125000, F68_DRY, 0, 1)
UNIT(90, "scf_68F.wet", "[cft_i]", VOLUME, 55306341, 1953125000, F68_WET, 0, 1)

UNIT(100, "W", "W", POWER, 1, 1, NONE, 0, 1)
UNIT(101, "kW", "kW", POWER, 1000, 1, NONE, 0, 1)
UNIT(102, "MW", "MW", POWER, 1000000, 1, NONE, 0, 1)
UNIT(103, "GW", "GW", POWER, 1000000000, 1, NONE, 0, 1)
UNIT(104, "MJ/h", "MJ/h", POWER, 2500, 9, NONE, 0, 1)
UNIT(105, "GJ/h", "GJ/h", POWER, 2500000, 9, NONE, 0, 1)
UNIT(106, "MMBtu_IT/h", "10*6.[Btu_IT]/h", POWER, 52752792631, 180000, NONE, 0, 1)
UNIT(107, "hp_mech", "[HP]", POWER, 37284993579113511, 50000000000000, NONE, 0, 1) /* 550 ft.lbf/s */
UNIT(108, "kW.net", "kW", POWER, 1000, 1, NET, 0, 1)
UNIT(109, "kW.gross", "kW", POWER, 1000, 1, GROSS, 0, 1)

UNIT(110, "g/h", "g/h", MASS_RATE, 1, 1, NONE, 0, 1)
UNIT(111, "kg/h", "kg/h", MASS_RATE, 1000, 1, NONE, 0, 1)
UNIT(112, "t/h", "t/h", MASS_RATE, 1000000, 1, NONE, 0, 1)
UNIT(113, "g/s", "g/s", MASS_RATE, 3600, 1, NONE, 0, 1)
UNIT(114, "kg/s", "kg/s", MASS_RATE, 3600000, 1, NONE, 0, 1)
UNIT(115, "lb/h", "[lb_av]/h", MASS_RATE, 45359237, 100000, NONE, 0, 1)
UNIT(116, "kg/min", "kg/min", MASS_RATE, 60000, 1, NONE, 0, 1)

UNIT(120, "m3/h", "m3/h", VOLUME_RATE, 1, 1, NONE, 0, 1)
UNIT(121, "m3/s", "m3/s", VOLUME_RATE, 3600, 1, NONE, 0, 1)
UNIT(122, "L/h", "L/h", VOLUME_RATE, 1, 1000, NONE, 0, 1)
UNIT(123, "L/min", "L/min", VOLUME_RATE, 3, 50, NONE, 0, 1)
UNIT(124, "m3/min", "m3/min", VOLUME_RATE, 60, 1, NONE, 0, 1)
UNIT(125, "cft/h", "[cft_i]/h", VOLUME_RATE, 55306341, 1953125000, NONE, 0, 1)
UNIT(130, "Nm3/h", "m3/h", VOLUME_RATE, 1, 1, N, 0, 1)
UNIT(131, "Nm3.dry/h", "m3/h", VOLUME_RATE, 1, 1, N_DRY, 0, 1)
UNIT(132, "Nm3.wet/h", "m3/h", VOLUME_RATE, 1, 1, N_WET, 0, 1)
UNIT(133, "Sm3/h", "m3/h", VOLUME_RATE, 1, 1, S15, 0, 1)
UNIT(134, "Sm3.dry/h", "m3/h", VOLUME_RATE, 1, 1, S15_DRY, 0, 1)
UNIT(135, "Sm3.wet/h", "m3/h", VOLUME_RATE, 1, 1, S15_WET, 0, 1)
UNIT(136, "m3_20C/h", "m3/h", VOLUME_RATE, 1, 1, C20, 0, 1)
UNIT(137, "scf_60F/h", "[cft_i]/h", VOLUME_RATE, 55306341, 1953125000, F60, 0, 1)
UNIT(138, "scf_68F/h", "[cft_i]/h", VOLUME_RATE, 55306341, 1953125000, F68, 0, 1)
UNIT(139, "scf_68F.dry/h", "[cft_i]/h", VOLUME_RATE, 55306341, 1953125000, F68_DRY, 0, 1)
UNIT(140, "scf_68F.wet/h", "[cft_i]/h", VOLUME_RATE, 55306341, 1953125000, F68_WET, 0, 1)
UNIT(145, "scf_68F/min", "[cft_i]/min", VOLUME_RATE, 165919023, 97656250, F68, 0, 1)
UNIT(146, "scf_68F.dry/min", "[cft_i]/min", VOLUME_RATE, 165919023, 97656250, F68_DRY, 0, 1)

UNIT(150, "1", "1", COUNT, 1, 1, NONE, 0, 1)
UNIT(151, "head", "1", COUNT, 1, 1, NONE, 0, 1)

UNIT(152, "1.h", "h", COUNT_TIME, 1, 1, NONE, 0, 1)
UNIT(153, "head.h", "h", COUNT_TIME, 1, 1, NONE, 0, 1)
UNIT(154, "head.a", "", COUNT_TIME, 8760, 1, NONE, 0, 1) /* a year of 365 days */

UNIT(160, "K", "K", TEMPERATURE, 1, 1, NONE, 0, 1)
UNIT(161, "degC", "Cel", TEMPERATURE, 1, 1, NONE, 5463, 20)
UNIT(162, "degF", "[degF]", TEMPERATURE, 5, 9, NONE, 45967, 180)

UNIT(170, "Pa.abs", "Pa", PRESSURE, 1, 1, ABSOLUTE, 0, 1)
UNIT(171, "kPa.abs", "kPa", PRESSURE, 1000, 1, ABSOLUTE, 0, 1)
UNIT(172, "MPa.abs", "MPa", PRESSURE, 1000000, 1, ABSOLUTE, 0, 1)
UNIT(173, "mbar.abs", "mbar", PRESSURE, 100, 1, ABSOLUTE, 0, 1)
UNIT(174, "bar.abs", "bar", PRESSURE, 100000, 1, ABSOLUTE, 0, 1)
UNIT(175, "psi.abs", "[psi]", PRESSURE, 8896443230521, 1290320000, ABSOLUTE, 0, 1) /* lbf per in2 */
UNIT(176, "mmHg.abs", "mm[Hg]", PRESSURE, 66661, 500, ABSOLUTE, 0, 1) /* as UCUM has it */
UNIT(177, "Pa.gauge", "Pa", PRESSURE, 1, 1, GAUGE, 0, 1)
UNIT(178, "kPa.gauge", "kPa", PRESSURE, 1000, 1, GAUGE, 0, 1)
UNIT(179, "MPa.gauge", "MPa", PRESSURE, 1000000, 1, GAUGE, 0, 1)
UNIT(180, "mbar.gauge", "mbar", PRESSURE, 100, 1, GAUGE, 0, 1)
UNIT(181, "bar.gauge", "bar", PRESSURE, 100000, 1, GAUGE, 0, 1)
UNIT(182, "psi.gauge", "[psi]", PRESSURE, 8896443230521, 1290320000, GAUGE, 0, 1) /* lbf per in2 */
UNIT(183, "mmHg.gauge", "mm[Hg]", PRESSURE, 66661, 500, GAUGE, 0, 1) /* as UCUM has it */
UNIT(184, "atm.abs", "atm", PRESSURE, 101325, 1, ABSOLUTE, 0, 1)

UNIT(190, "mg/m3", "mg/m3", MASS_CONCENTRATION, 1, 1000, NONE, 0, 1)
UNIT(191, "mg/Nm3", "mg/m3", MASS_CONCENTRATION, 1, 1000, N, 0, 1)
UNIT(192, "mg/Nm3.dry", "mg/m3", MASS_CONCENTRATION, 1, 1000, N_DRY, 0, 1)
UNIT(193, "mg/Nm3.wet", "mg/m3", MASS_CONCENTRATION, 1, 1000, N_WET, 0, 1)
UNIT(194, "g/m3", "g/m3", MASS_CONCENTRATION, 1, 1, NONE, 0, 1)
UNIT(195, "g/Nm3", "g/m3", MASS_CONCENTRATION, 1, 1, N, 0, 1)
UNIT(196, "g/Nm3.dry", "g/m3", MASS_CONCENTRATION, 1, 1, N_DRY, 0, 1)
UNIT(197, "g/Nm3.wet", "g/m3", MASS_CONCENTRATION, 1, 1, N_WET, 0, 1)

UNIT(200, "%vol", "%", FRACTION, 1, 100, VOL, 0, 1)
UNIT(201, "ppm_vol", "[ppm]", FRACTION, 1, 1000000, VOL, 0, 1)
UNIT(202, "ppb_vol", "[ppb]", FRACTION, 1, 1000000000, VOL, 0, 1)
UNIT(203, "%vol.dry", "%", FRACTION, 1, 100, VOL_DRY, 0, 1)
UNIT(204, "ppm_vol.dry", "[ppm]", FRACTION, 1, 1000000, VOL_DRY, 0, 1)
UNIT(205, "ppb_vol.dry", "[ppb]", FRACTION, 1, 1000000000, VOL_DRY, 0, 1)
UNIT(206, "%vol.wet", "%", FRACTION, 1, 100, VOL_WET, 0, 1)
UNIT(207, "ppm_vol.wet", "[ppm]", FRACTION, 1, 1000000, VOL_WET, 0, 1)
UNIT(208, "ppb_vol.wet", "[ppb]", FRACTION, 1, 1000000000, VOL_WET, 0, 1)
UNIT(209, "%mass", "%", FRACTION, 1, 100, OF_MASS, 0, 1)
UNIT(210, "ppm_mass", "[ppm]", FRACTION, 1, 1000000, OF_MASS, 0, 1)
UNIT(211, "mol/mol", "mol/mol", FRACTION, 1, 1, VOL, 0, 1)
UNIT(212, "mol/mol.dry", "mol/mol", FRACTION, 1, 1, VOL_DRY, 0, 1)
UNIT(213, "mol/mol.wet", "mol/mol", FRACTION, 1, 1, VOL_WET, 0, 1)
UNIT(214, "kg/kg", "kg/kg", FRACTION, 1, 1, OF_MASS, 0, 1)

UNIT(220, "kJ/kg", "kJ/kg", SPECIFIC_ENERGY, 1, 1, NONE, 0, 1)
UNIT(221, "MJ/kg", "MJ/kg", SPECIFIC_ENERGY, 1000, 1, NONE, 0, 1)
UNIT(222, "GJ/t", "GJ/t", SPECIFIC_ENERGY, 1000, 1, NONE, 0, 1)
UNIT(223, "TJ/Gg", "TJ/Gg", SPECIFIC_ENERGY, 1000, 1, NONE, 0, 1)
UNIT(224, "kcal_IT/kg", "kcal_IT/kg", SPECIFIC_ENERGY, 10467, 2500, NONE, 0, 1)
UNIT(225, "Btu_IT/lb", "[Btu_IT]/[lb_av]", SPECIFIC_ENERGY, 1163, 500, NONE, 0, 1)

UNIT(230, "kg/m3", "kg/m3", DENSITY, 1, 1, NONE, 0, 1)
UNIT(231, "kg/L", "kg/L", DENSITY, 1000, 1, NONE, 0, 1)
UNIT(232, "g/cm3", "g/cm3", DENSITY, 1000, 1, NONE, 0, 1)
UNIT(233, "kg/Nm3", "kg/m3", DENSITY, 1, 1, N, 0, 1)
UNIT(234, "kg/Sm3", "kg/m3", DENSITY, 1, 1, S15, 0, 1)
