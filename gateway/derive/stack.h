/* Steps from what an analyser says to a mass: each is a function of its own, and the path takes them in this
 * order. All multiply what they are given. */
#ifndef DERIVE_STACK_H
#define DERIVE_STACK_H

#include "derive/formula.h"

/* Dry from wet: × (1 - moisture); wet from dry: the inverse. */
void stack_to_dry(struct exact *e, struct mean moisture);
void stack_to_wet(struct exact *e, struct mean moisture);

/* To a reference content of oxygen: × (0.209 - reference) / (0.209 - measured), both dry. false: measured is so
 * near to air (from 20 % on) that the quotient says nothing. */
bool stack_to_oxygen(struct exact *e, struct mean reference, struct mean measured);

/* From a share by volume to g/m3 at a temperature (K) and a pressure (Pa): × molar mass × p / (R T). */
void stack_share_to_mass(struct exact *e, struct ratio molar_mass, struct mean temperature, struct mean pressure);

/* A gas told at one state, per volume at another: × p / p_told × T_told / T. */
void stack_to_state(struct exact *e, struct mean told_temperature, struct mean told_pressure,
                    struct mean temperature, struct mean pressure);

/* Whether so many values make an interval valid, of which it ran operating_us. */
bool hour_rule_holds(enum hour_rule rule, const struct derive_sum *s, int64_t period_us, int64_t every_us,
                     int64_t operating_us);

/* The rule, held against every gauge of the case in hand. */
bool stack_hour_is_valid(const struct case_in_hand *c);

#endif
