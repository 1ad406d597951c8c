/* A factor set as a CSV file: what a person edits, and an auditor reads beside the publication.
 *
 *   # set: cn-grid                      lines that name the set, before anything else;
 *   # version: 2023.1                   set, version and source are required
 *   # published: 2026-01-15
 *   # source: MEE and NBS, average CO2 factors of electricity
 *   id,version,series,valid_from,valid_to,per,co2,n2o,HFC-134a,source
 *   cn-grid,,,2023-01-01,2023-12-31,MWh,530.6,,,
 *
 * A column is a key of a factor's row in the configuration, or the name of a gas: then its figures are kg per
 * `per`. An empty field is a key that is not given; version, source and published are then the set's. */
#ifndef MODEL_FACTOR_FILE_H
#define MODEL_FACTOR_FILE_H

#include "model/plan.h"

/* Reads and checks a file on its own: every mistake becomes a problem of the file, with line and column. The
 * set's texts and rows live in the arena. Returns 0, or OPTION_WRONG. */
int factor_file_read(struct slice text, struct arena *arena, struct problems *problems, struct factor_set *out);

#endif
