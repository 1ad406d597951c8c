/* Grid intensity as JSON, in two forms:
 *
 *   {"data": [{"from": "2018-01-20T12:00Z", "to": "…", "intensity": {"forecast": 266, "actual": 263}}, …]}
 *   {"region": "GB", "source": "…", "published": "…", "values": [{"from": …, "to": …, "forecast": 266}, …]}
 *
 * The first is what the UK's Carbon Intensity API answers; of the second, the list may stand alone, and so may
 * one element. A value that is null or not there was not told. Numbers become decimals by their shortest
 * text, in which a source's own digits come back. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "decode/intensity.h"

static enum verdict refuse(struct cgw_batch *b, enum verdict v, const char *why)
{
    batch_explain(b, why);
    return v;
}

/* Also without seconds. -1: none. */
static int64_t time_of(const json_t *at)
{
    char text[40];
    int64_t us;
    const char *told = json_string_value(at);
    size_t size = told ? strlen(told) : 0;
    if (size == 0 || size > 32)
        return -1;
    if (size == 17 && told[16] == 'Z')
        snprintf(text, sizeof text, "%.16s:00Z", told);
    else
        snprintf(text, sizeof text, "%s", told);
    return time_parse(text, &us) == 0 ? us : -1;
}

/* false: told, and no number of ours. */
static bool take_number(const json_t *at, bool *has, struct decimal *to)
{
    char text[64];
    *has = at && !json_is_null(at);
    if (!*has)
        return true;
    if (json_is_integer(at))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(at));
    else if (json_is_real(at))
        snprintf(text, sizeof text, "%.15g", json_real_value(at));
    else if (!json_is_string(at) || json_string_length(at) >= sizeof text)
        return false;
    else
        snprintf(text, sizeof text, "%s", json_string_value(at));
    return decimal_parse(slice_of(text), to) == 0;
}

static enum verdict take_element(struct cgw_batch *out, const struct intensity_head *head, const json_t *e)
{
    const json_t *inner = json_object_get(e, "intensity"), *values = inner ? inner : e;
    struct intensity x = { .from_us = time_of(json_object_get(e, "from")),
                           .until_us = time_of(json_object_get(e, "to")) };
    if (!take_number(json_object_get(values, "forecast"), &x.has_forecast, &x.forecast.g) ||
        !take_number(json_object_get(values, "actual"), &x.has_actual, &x.actual.g))
        return refuse(out, VERDICT_OUT_OF_RANGE, "a forecast or actual value is no number");
    return intensity_add(out, head, &x);
}

/* A copy that ends with the batch. */
static struct slice text_of(struct cgw_batch *out, const json_t *at)
{
    size_t size = at && json_is_string(at) ? json_string_length(at) : 0;
    char *copy = size > 0 ? batch_take(out, size) : NULL;
    if (copy)
        memcpy(copy, json_string_value(at), size);
    return (struct slice){ (const uint8_t *)copy, copy ? size : 0 };
}

static enum verdict take_root(struct cgw_batch *out, const json_t *root)
{
    const json_t *data = json_object_get(root, "data"), *values = json_object_get(root, "values");
    const json_t *list = data ? data : values ? values : root;
    int64_t published_us = time_of(json_object_get(root, "published"));
    const char *gas = json_string_value(json_object_get(root, "gas"));
    struct intensity_head head = {
        .region = text_of(out, json_object_get(root, "region")),
        .source = text_of(out, json_object_get(root, "source")),
        .published_us = published_us > 0 ? published_us : 0,
        .is_co2e = gas && strcmp(gas, "co2e") == 0,
        .gwp_set = intensity_gwp_set(json_string_value(json_object_get(root, "gwp_set"))),
    };
    if (gas && !head.is_co2e && strcmp(gas, "co2") != 0)
        return refuse(out, VERDICT_UNDECODABLE, "gas is neither co2 nor co2e");
    if (out->is_full)
        return VERDICT_TOO_LARGE;
    if (list == root && json_is_object(root)) {
        enum verdict v = intensity_begin(out, &head, 1);
        return v == VERDICT_COUNTED ? take_element(out, &head, root) : v;
    }
    size_t n = json_array_size(list);
    enum verdict v = intensity_begin(out, &head, n);
    for (size_t i = 0; i < n && v == VERDICT_COUNTED; i++)
        v = take_element(out, &head, json_array_get(list, i));
    return v;
}

enum verdict intensity_json(const struct frame *f, struct cgw_batch *out)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)f->rest.at, f->rest.size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return refuse(out, VERDICT_UNDECODABLE, "not JSON");
    enum verdict v = take_root(out, root);
    json_decref(root);
    return v;
}
