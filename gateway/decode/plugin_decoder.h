/* A plugin as a decoder: one instance for each topic rule that names one. */
#ifndef DECODE_PLUGIN_DECODER_H
#define DECODE_PLUGIN_DECODER_H

#include "decode/batch.h"
#include "decode/decode.h"

struct plugin_decoder;

/* Finds the plugin that the rule names, reads the rule's options by the plugin's table and opens an
 * instance. Returns 0, or OPTION_WRONG with what is wrong in problems. */
int plugin_decoder_open(const struct decode_plugins *plugins, const struct topic_rule *rule,
                        struct problems *problems, struct plugin_decoder **out);
void plugin_decoder_close(struct plugin_decoder *d);

/* The batch_decoder; self is the struct plugin_decoder. */
enum verdict plugin_decode(void *self, const struct frame *f, struct cgw_batch *out);

#endif
