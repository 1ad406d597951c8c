/* A handler may call next to nothing, so this one stores a mark, reads /proc/self/maps with a buffer of
 * its own to find what file a bus error fell into (the disk could not give the page, or somebody cut the
 * file), writes one line, and raises the signal again, which has its default action by then.
 *
 * A signal that another process sends is no defect of ours: it marks nothing. Nor does one on another
 * thread, since it says nothing about what the watched thread has in hand. The alternate stack is there
 * because a stack that overflowed has no room for a handler; it is the watched thread's alone. A handler
 * finds what it needs in globals, there is no other way. */
#include "base/fatal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static const int numbers[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE };
#define N_NUMBERS (sizeof numbers / sizeof *numbers)

#define STACK_BYTES 65536
#define LINE_BYTES  1024

static struct {
    void (*mark)(void *self, int number);
    void *self;
    pid_t thread;                /* 0: nobody watches */
    struct sigaction before[N_NUMBERS];
} watch;

static uint8_t alternate[STACK_BYTES];

struct line {
    char at[LINE_BYTES];
    size_t size;
};

static void put(struct line *l, const char *text)
{
    while (*text && l->size < sizeof l->at - 1)
        l->at[l->size++] = *text++;
}

static void put_number(struct line *l, unsigned n)
{
    if (n >= 10)
        put_number(l, n / 10);
    put(l, (const char[]){ (char)('0' + n % 10), '\0' });
}

static bool read_hex(const char **at, uintptr_t *out)
{
    const char *begin = *at;
    for (*out = 0;; (*at)++) {
        char c = **at;
        if (c >= '0' && c <= '9')
            *out = *out * 16 + (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out * 16 + (uintptr_t)(c - 'a') + 10;
        else
            return *at > begin;
    }
}

/* "from-until permissions offset device inode path": the path if the address lies between. */
static const char *path_at(const char *mapping, uintptr_t address)
{
    uintptr_t from, until;
    const char *at = mapping;
    if (!read_hex(&at, &from) || *at++ != '-' || !read_hex(&at, &until))
        return NULL;
    return address >= from && address < until ? strchr(at, '/') : NULL;
}

/* One line of the list after another; lines longer than the buffer are none of ours. */
static void put_file(struct line *l, uintptr_t address)
{
    char mapping[LINE_BYTES], c;
    size_t size = 0;
    const char *path = NULL;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && !path && read(fd, &c, 1) == 1) {
        if (c != '\n' && size < sizeof mapping - 1) {
            mapping[size++] = c;
            continue;
        }
        mapping[size] = '\0';
        size = 0;
        path = path_at(mapping, address);
    }
    put(l, path ? path : "unknown");
    if (fd >= 0)
        close(fd);
}

static void say(int number, const siginfo_t *info)
{
    struct line l = { .size = 0 };

    if (number == SIGBUS && info->si_code > 0) {
        put(&l, "error gateway.bus file=");
        put_file(&l, (uintptr_t)info->si_addr);
        put(&l, " – a page of this file cannot be read or written: the disk fails, or somebody cut the file; "
                "ended before anything in it is acknowledged, check the disk and start again\n");
    } else {
        put(&l, "error gateway.crashed signal=");
        put_number(&l, (unsigned)number);
        put(&l, " – a defect of the gateway or of a plugin; nothing that was acknowledged is lost, start "
                "again and report it\n");
    }
    ssize_t written = write(STDERR_FILENO, l.at, l.size);
    (void)written;
}

static void on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    bool is_ours = info->si_code > 0 || info->si_pid == getpid();
    if (is_ours && gettid() == watch.thread)
        watch.mark(watch.self, number);
    if (is_ours)
        say(number, info);
    raise(number);
}

/* Where a sanitizer has its own, that one does. */
static void give_stack(void)
{
    stack_t now;
    stack_t ours = { .ss_sp = alternate, .ss_size = sizeof alternate };
    if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
        sigaltstack(&ours, NULL);
}

void fatal_watch(void (*mark)(void *self, int number), void *self)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND };
    action.sa_sigaction = on_fatal;
    sigemptyset(&action.sa_mask);

    give_stack();
    watch.mark = mark;
    watch.self = self;
    watch.thread = gettid();
    for (size_t i = 0; i < N_NUMBERS; i++)
        sigaction(numbers[i], &action, &watch.before[i]);
}

void fatal_unwatch(void)
{
    if (watch.thread == 0)
        return;
    for (size_t i = 0; i < N_NUMBERS; i++)
        sigaction(numbers[i], &watch.before[i], NULL);
    watch.thread = 0;
}
