/* What the files of the plan share among themselves; nobody else includes it. plan_check.c says in
 * which order the parts run and what each may rely on. */
#ifndef MODEL_PLAN_PARTS_H
#define MODEL_PLAN_PARTS_H

#include "model/plan.h"

/* Index: from (parent, id) to a place in the plan's arrays. Never grows: n is the most it will hold. */
enum index_kind { INDEX_SITE, INDEX_DEVICE, INDEX_POINT, INDEX_STREAM };

struct plan_index *plan_index_new(struct arena *arena, size_t n);

/* -1 when there is none. The parent of a site is -1. */
int32_t plan_index_find(const struct plan_index *x, enum index_kind kind, int32_t parent,
                        struct slice id);

/* Adds it and returns -1, or returns what stands there already. Borrows the id. */
int32_t plan_index_add(struct plan_index *x, enum index_kind kind, int32_t parent, const char *id,
                       int32_t value);

/* The rows of the factors' part, whose canonical form is hashed on its own. */
extern const struct option plan_factor_options[];

/* Fills in the two rules that hold where a plan declares none, and checks what is declared. */
void plan_preset_topics(struct plan *p);
void plan_check_topics(struct plan *p, struct problems *problems);

/* Factors: units and gases of each row, and that the rows of one id follow each other. */
void plan_check_factors(struct plan *p, struct problems *problems);

/* Finds the rows of a stream's factor. */
void plan_check_stream(struct plan *p, struct stream *s, struct problems *problems);

/* When each of them is valid, by the site's zone. Only for a plan without mistakes. */
void plan_lay_validity(struct plan *p, struct stream *s);

/* One point, its stream's dimension included. */
void plan_check_point(struct plan *p, struct point *pt, struct problems *problems);

/* What of a point belongs to some kinds alone, beyond intervals and registers; its least and greatest
 * value in ticks, when resolution and multiplier are known to be sound; and for a plan without mistakes,
 * when its calibration ends. */
void plan_check_measure(const struct point *pt, struct problems *problems);
void plan_lay_limits(struct point *pt, struct problems *problems);
void plan_lay_calibration(struct plan *p, struct point *pt);

/* The rows of a derived point's inputs, and of what stands under its `with`. */
extern const struct option derive_input_options[];
extern const struct option derive_with_options[];

/* What stands under `with`, and what the conditions of a gas say of each other. */
void plan_read_with(struct plan *p, const struct point *pt, struct derivation *d, struct problems *problems);
void plan_check_gas(const struct plan *p, const struct point *pt, struct derivation *d,
                    struct derive_input *inputs, struct problems *problems);

/* Derived points: inputs that exist and fit, no circle; when all points were checked. */
void plan_check_derivations(struct plan *p, struct problems *problems);

/* The first instant of the day behind a date, by a zone. */
int64_t plan_day_after_us(struct zone *zone, int64_t date);

/* How a point's gaps are filled: the rows of its table `substitute`, and their check, for a point whose
 * numbers were laid. */
extern const struct option plan_substitute_options[];
void plan_check_substitute(struct plan *p, struct point *pt, struct problems *problems);
/* plan_scope.c: rungs, instruments and scope 3, behind plan_check_stream; their dimensions and what
 * meters stand behind, behind plan_check_point; their times. */
extern const struct option plan_instrument_options[];
void plan_check_scopes(struct plan *p, struct problems *problems);
void plan_check_rungs(struct plan *p, struct problems *problems);
void plan_check_meters(struct plan *p, struct problems *problems);
void plan_check_uncertainties(struct plan *p, struct problems *problems);
void plan_lay_scopes(struct plan *p);

/* Percent as millionths; 0, or NUMBER_MALFORMED below 0 and above 1000 %. */
int plan_percent_ppm(struct slice text, int64_t *out);

/* The day after a yyyymmdd, and a day's first instant. */
int64_t plan_date_next(int64_t date);
int64_t plan_date_us(struct zone *zone, int64_t date);

/* Key figures of a site: their rows and their check, behind its points and streams. */
extern const struct option plan_kpi_options[];
void plan_check_kpis(struct plan *p, struct site *s, struct problems *problems);

/* A unit by name; if there is none it says so, with the nearest and all that there are. what names the
 * row: "point \"p\"". Empty names were a problem to option_read already: NULL without a word. */
const struct unit *plan_check_unit(const char *name, const char *what, const char *id,
                                   struct place place, struct problems *problems);

/* NULL and "" are the same: a text that was not given. */
static inline bool text_is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

#endif
