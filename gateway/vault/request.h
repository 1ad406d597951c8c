/* Requests: how a person's order reaches a gateway that runs, or that is down and will start again.
 *
 * A command writes one file into STATE/requests; the gateway makes an entry of it and writes the answer
 * beside it. Request and answer are whole or not there. The name is the request's id, which enters the log
 * book with the order: so a request that is found again behind a kill is known, and counts once. */
#ifndef VAULT_REQUEST_H
#define VAULT_REQUEST_H

#include "base/option.h"

struct request {
    const char *id;              /* letters and digits; of its file */
    const char *verb, *who, *why;
    struct option_raw body;      /* by the verb's options */
};

struct request_answer {
    uint64_t order;              /* its number in the log book; 0: it was refused before it got one */
    bool is_refused;
    const char *text;            /* a sentence */
};

/* The directory is made when it is missing. 0 or negative. */
int request_write(const char *state, const struct request *r);

/* Of that id, into the arena. 0; OPTION_WRONG and problems; or negative. */
int request_read(const char *state, const char *id, struct arena *arena, struct problems *problems,
                 struct request *out);

/* Every request that waits, in the order of names. No directory is none. */
int request_list(const char *state, void (*on_id)(void *self, const char *id), void *self);

/* Answers a request, which is gone then. */
int request_answer(const char *state, const char *id, const struct request_answer *answer);

/* The answer, if there is one: then it is taken away. REQUEST_WAITS: not yet. The text in the arena. */
#define REQUEST_WAITS 1
int request_take_answer(const char *state, const char *id, struct arena *arena, struct request_answer *out);

#endif
