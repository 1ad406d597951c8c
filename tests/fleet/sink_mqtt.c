/* Messages to a broker, over several links. Which link a message takes follows from its device, so
 * the order of a device's messages is kept. The one thread here waits on a condition that Paho's
 * threads signal: an acknowledgement, a connection made or lost. */
#include "fleet/sink.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fleet/link.h"
#include "fleet/message.h"
#include "fleet/options.h"
#include "fleet/say.h"

struct sink_mqtt {
    struct sink sink; /* first, so that one is the other */
    struct wake wake;
    struct login login;
    char *user, *password;
    char client_id[96];
    struct link **links;
    size_t n;
};

static int offer(struct sink *sink, struct message *m)
{
    struct sink_mqtt *s = (struct sink_mqtt *)sink;
    return link_offer(s->links[m->connection], m);
}

static struct timespec after_ms(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + ms % 1000 * 1000000LL;
    t.tv_sec += ms / 1000 + ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

static void wait_for_news(struct wake *w, int wait_ms)
{
    struct timespec until = after_ms(wait_ms);
    pthread_mutex_lock(&w->mutex);
    while (wait_ms > 0 && !w->has_news &&
           pthread_cond_timedwait(&w->cond, &w->mutex, &until) != ETIMEDOUT)
        ;
    w->has_news = false;
    pthread_mutex_unlock(&w->mutex);
}

static int turn(struct sink *sink, int wait_ms)
{
    struct sink_mqtt *s = (struct sink_mqtt *)sink;
    wait_for_news(&s->wake, wait_ms);
    for (size_t i = 0; i < s->n; i++) {
        int rc = link_turn(s->links[i], sink);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int close_mqtt(struct sink *sink)
{
    struct sink_mqtt *s = (struct sink_mqtt *)sink;
    for (size_t i = 0; i < s->n; i++)
        link_close(s->links[i]);
    free(s->links);
    free(s->user);
    free(s->password);
    pthread_cond_destroy(&s->wake.cond);
    pthread_mutex_destroy(&s->wake.mutex);
    free(s);
    return 0;
}

/* The first line of a file, for the caller to free. */
static int read_line(const char *path, char **out)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return say_trouble("%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, file);
    fclose(file);
    if (n <= 0) {
        free(line);
        return say_trouble("%s: expected one line", path);
    }
    line[strcspn(line, "\r\n")] = '\0';
    *out = line;
    return 0;
}

static int read_login(const struct conf *conf, struct sink_mqtt *s)
{
    if (conf->client_id != NULL)
        snprintf(s->client_id, sizeof(s->client_id), "%s", conf->client_id);
    else
        snprintf(s->client_id, sizeof(s->client_id), "carbon-fleet-%ld", (long)getpid());
    if (conf->user_file != NULL && read_line(conf->user_file, &s->user) < 0)
        return -1;
    if (conf->password_file != NULL && read_line(conf->password_file, &s->password) < 0)
        return -1;
    s->login = (struct login){ s->user, s->password, s->client_id };
    return 0;
}

static void init_wake(struct wake *w)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w->cond, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&w->mutex, NULL);
}

static int open_links(const struct conf *conf, struct sink_mqtt *s)
{
    int rc = read_login(conf, s);
    size_t room = (size_t)(conf->in_flight / conf->connections);
    for (size_t i = 0; rc == 0 && i < (size_t)conf->connections; i++) {
        rc = link_open(conf, &s->login, &s->wake, (unsigned)i + 1, room, &s->links[i]);
        if (rc == 0)
            s->n++;
    }
    return rc;
}

int sink_mqtt_open(const struct conf *conf, struct sink **out)
{
    struct sink_mqtt *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->links = calloc((size_t)conf->connections, sizeof(struct link *));
    if (s->links == NULL)
        abort();
    s->sink = (struct sink){ .offer = offer, .turn = turn, .close = close_mqtt };
    init_wake(&s->wake);
    int rc = open_links(conf, s);
    if (rc < 0) {
        close_mqtt(&s->sink);
        return rc;
    }
    *out = &s->sink;
    return 0;
}
