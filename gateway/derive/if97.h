/* Water and steam by IAPWS-IF97: enthalpy from pressure and temperature in regions 1 (liquid) and 2
 * (vapour), and the line between them (region 4). Pressure is absolute. */
#ifndef DERIVE_IF97_H
#define DERIVE_IF97_H

/* The edition of the table, for provenance. */
#define IF97_VERSION "IAPWS R7-97(2012)"

/* Every function returns 0 and fills in out, or IF97_OUTSIDE: the state lies in no region that is here (near the
 * critical point, too hot, no number), and out is untouched. */
#define IF97_OUTSIDE 1

/* kJ/kg of the one phase that exists at p (MPa) and T (K). On the line itself it is the liquid. */
int if97_enthalpy(double p_mpa, double t_k, double *out_kj_per_kg);

/* kJ/kg of dry saturated steam, and of boiling water, at a pressure: 0.000611 to 16.529 MPa. */
int if97_steam_enthalpy(double p_mpa, double *out_kj_per_kg);
int if97_water_enthalpy(double p_mpa, double *out_kj_per_kg);

/* The saturation line: 273.15 to 623.15 K. */
int if97_saturation_pressure(double t_k, double *out_mpa);
int if97_saturation_temperature(double p_mpa, double *out_k);

#endif
