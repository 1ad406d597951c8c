/* Paths: where in a JSON document a value stands. Member names with dots between them,
 * "data.energy.total"; a number takes an element of an array, "values.0". A path that begins with a slash
 * has slashes between its names, so that names may hold dots: "/1-0:1.8.0/value". */
#ifndef JSON_PATH_H
#define JSON_PATH_H

#include <stdbool.h>

#include <jansson.h>

/* Whether a text can be a path: no empty names. "" is one too: the document itself. */
bool path_is_sound(const char *path);

/* The value at a path, or NULL where there is none or a null. Borrowed from the document. */
json_t *path_find(json_t *from, const char *path);

#endif
