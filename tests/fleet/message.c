/* Encoding, by protobuf-c. What all readings of a batch share stands once in the batch; a boot id
 * that changes within it stands in the readings that differ. Site and device stand in the payload
 * only when the topic does not tell them. */
#include "fleet/message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/reading.h"
#include "fleet/roster.h"
#include "reading.pb-c.h"

/* What the readings of a message may borrow while it is packed. */
struct names {
    char site[ROSTER_NAME], device[ROSTER_NAME];
    bool are_in_payload[2];
};

static void find_names(const struct roster *roster, uint32_t device, struct names *out)
{
    out->are_in_payload[0] = !roster_topic_tells_site(roster);
    out->are_in_payload[1] = !roster_topic_tells_device(roster);
    roster_site_name(roster, device / roster->devices_per_site, out->site);
    roster_device_name(roster, device, out->device);
}

static void fill(const struct roster *roster, const struct reading *r, char point[ROSTER_NAME],
                 Carbon__V1__Reading *out)
{
    carbon__v1__reading__init(out);
    roster_point_name(roster, r->point, point);
    out->point = point;
    out->time_unix_ms = r->stamp_ms;
    out->sequence = r->sequence;
    out->boot_id = r->boot;
    out->interval_ms = (uint32_t)r->interval_ms;
    if (r->kind == KIND_STATE) {
        out->value = 1;
        return;
    }
    /* Both are whole numbers below 2^53, so this is the double nearest to the decimal. */
    out->value = (double)r->ticks / TICKS_PER_UNIT;
    out->unit = (Carbon__V1__Unit)conf_unit(roster->conf)->number;
}

static struct message *allocate(size_t size)
{
    struct message *m = malloc(sizeof(*m) + size);
    if (m == NULL)
        abort();
    *m = (struct message){ .size = size };
    return m;
}

static struct message *encode_single(const struct roster *roster, const struct reading *r,
                                     struct names *names)
{
    Carbon__V1__Reading reading;
    char point[ROSTER_NAME];
    fill(roster, r, point, &reading);
    if (names->are_in_payload[0])
        reading.site_id = names->site;
    if (names->are_in_payload[1])
        reading.device_id = names->device;
    struct message *m = allocate(carbon__v1__reading__get_packed_size(&reading));
    carbon__v1__reading__pack(&reading, m->payload);
    return m;
}

static struct message *encode_batch(const struct roster *roster, const struct reading *readings,
                                    size_t n, struct names *names)
{
    Carbon__V1__ReadingBatch batch = CARBON__V1__READING_BATCH__INIT;
    struct packed {
        Carbon__V1__Reading reading;
        char point[ROSTER_NAME];
    } *packed = malloc(n * sizeof(*packed));
    Carbon__V1__Reading **list = malloc(n * sizeof(*list));
    if (packed == NULL || list == NULL)
        abort();

    batch.boot_id = readings[0].boot;
    for (size_t i = 0; i < n; i++) {
        fill(roster, &readings[i], packed[i].point, &packed[i].reading);
        if (packed[i].reading.boot_id == batch.boot_id)
            packed[i].reading.boot_id = 0;
        list[i] = &packed[i].reading;
    }
    batch.n_readings = n;
    batch.readings = list;
    if (names->are_in_payload[0])
        batch.site_id = names->site;
    if (names->are_in_payload[1])
        batch.device_id = names->device;
    struct message *m = allocate(carbon__v1__reading_batch__get_packed_size(&batch));
    carbon__v1__reading_batch__pack(&batch, m->payload);
    free(list);
    free(packed);
    return m;
}

struct message *message_encode(const struct roster *roster, const struct reading *readings,
                               size_t n)
{
    struct names names;
    uint32_t device = readings[0].device;
    find_names(roster, device, &names);
    struct message *m = roster->conf->batch > 1 ? encode_batch(roster, readings, n, &names)
                                                : encode_single(roster, readings, &names);
    m->topic = roster->topics[device];
    m->site = device / roster->devices_per_site;
    m->device = device;
    m->connection = device % (uint32_t)roster->conf->connections;
    m->readings = (uint32_t)n;
    return m;
}
