/* Copies of what a link is told at its opening, which its owner may forget afterwards. For link.c alone; what is
 * wrong with a configuration, link_conf_mistake of link.h tells. */
#ifndef LINK_CONF_H
#define LINK_CONF_H

#include "link/link.h"

struct link_conf link_conf_copy(const struct link_conf *conf);
void link_conf_free(struct link_conf *copy);

/* NULL, or a will without a topic, becomes one without a topic. */
struct link_will link_will_copy(const struct link_will *will);
void link_will_free(struct link_will *copy);

#endif
