#include "server/reload.h"

#include "base/clock.h"
#include "base/escape.h"
#include "base/event.h"
#include "base/units.h"
#include "base/wait.h"
#include "host/advice.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#define SHOWN_BYTES 96 /* the part of a file name that a line shows */
#define LINE_BYTES  512

struct reload {
    struct reload_args args;
    char shown[SHOWN_BYTES]; /* the path, safe to print */
    pthread_t thread;
    sem_t go;
    int done_fd; /* written when the thread has ended */
    atomic_bool is_asked, is_ending, has_ended;
    _Atomic uint64_t begun_ns; /* the file is being read since then; 0: it is not */
    struct option_bytes bytes; /* what was read last */
};

/* Why the old greeting stays, though the file was read. */
static void reload_refuse(const struct reload *reload, int error)
{
    char line[LINE_BYTES], advice[ADVICE_BYTES];

    if (error == -EBUSY)
        snprintf(line, sizeof(line),
                 "the old greeting stays: clients are still being sent %d earlier ones; send "
                 "SIGHUP again later",
                 GREETINGS_MAX);
    else
        snprintf(line, sizeof(line),
                 "the old greeting stays: cannot keep that of file '%s': %s; %s", reload->shown,
                 strerror(-error), advice_find("calloc", -error, 0, advice));
    reload->args.say(reload->args.context, false, line);
}

/* The file was read. */
static void reload_take(struct reload *reload)
{
    int result = greetings_replace(reload->args.greetings, &reload->bytes);
    char line[LINE_BYTES];

    if (result < 0) {
        reload_refuse(reload, result);
        return;
    }
    snprintf(line, sizeof(line), "file '%s' was read again: %s of %" PRIu32 " bytes", reload->shown,
             result > 0 ? "new clients get its greeting" : "it has the same greeting as before,",
             reload->bytes.bytes);
    if (result > 0)
        reload->args.replaced(reload->args.context);
    reload->args.say(reload->args.context, true, line);
}

static void reload_read(struct reload *reload)
{
    const struct option_row *row =
        &server_options.rows[option_row_find(&server_options, "greeting")];
    char problem[OPTION_ERROR_BYTES / 2], line[LINE_BYTES];
    int result;

    atomic_store(&reload->begun_ns, clock_now_ns());
    result = option_bytes_read(row, reload->args.path, &reload->bytes, problem, sizeof(problem));
    atomic_store(&reload->begun_ns, 0);
    if (result == 0) {
        reload_take(reload);
        return;
    }
    if (result == -EFBIG)
        snprintf(line, sizeof(line),
                 "the old greeting stays: %s; shorten it, and send SIGHUP again", problem);
    else
        snprintf(line, sizeof(line),
                 "the old greeting stays: cannot read file '%s': %s; make it readable, and send "
                 "SIGHUP again",
                 reload->shown, strerror(-result));
    reload->args.say(reload->args.context, false, line);
}

static void *reload_main(void *argument)
{
    struct reload *reload = argument;

    while (!atomic_load(&reload->is_ending)) {
        if (sem_wait(&reload->go) == 0 && atomic_exchange(&reload->is_asked, false))
            reload_read(reload);
    }
    atomic_store(&reload->has_ended, true);
    event_raise(reload->done_fd);
    return NULL;
}

static void reload_free(struct reload *reload)
{
    if (reload->done_fd >= 0)
        close(reload->done_fd);
    sem_destroy(&reload->go);
    free(reload);
}

static int reload_fail(const char *call, int error, struct failure *failure)
{
    char advice[ADVICE_BYTES];

    return failure_set(failure, FAILURE_SYSTEM, error, "cannot start: %s: %s; %s", call,
                       strerror(-error), advice_find(call, -error, 0, advice));
}

int reload_start(const struct reload_args *args, struct reload **ret_reload,
                 struct failure *failure)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    const char *call = "eventfd";
    int result = 0;

    if (!reload)
        return reload_fail("calloc", -ENOMEM, failure);
    reload->args = *args;
    escape_encode(args->path, strlen(args->path), reload->shown, sizeof(reload->shown));
    sem_init(&reload->go, 0, 0);
    reload->done_fd = eventfd(0, EFD_CLOEXEC);
    if (reload->done_fd < 0)
        result = -errno;
    if (result == 0) {
        call = "pthread_create";
        result = -pthread_create(&reload->thread, NULL, reload_main, reload);
    }
    if (result < 0) {
        reload_free(reload);
        return reload_fail(call, result, failure);
    }
    pthread_setname_np(reload->thread, "reload");
    *ret_reload = reload;
    return 0;
}

/* For how long the file is being read by now. */
static uint64_t reload_reading_ns(const struct reload *reload)
{
    uint64_t begun_ns = atomic_load(&reload->begun_ns), now_ns = clock_now_ns();

    return begun_ns != 0 && now_ns > begun_ns ? now_ns - begun_ns : 0;
}

void reload_ask(struct reload *reload)
{
    char line[LINE_BYTES];

    if (!atomic_exchange(&reload->is_asked, true))
        sem_post(&reload->go);
    if (reload_reading_ns(reload) < RELOAD_SLOW_NS)
        return;
    snprintf(line, sizeof(line),
             "the old greeting stays: file '%s' is still being read since an earlier SIGHUP; make "
             "it readable to its end, or start the server again",
             reload->shown);
    reload->args.say(reload->args.context, false, line);
}

bool reload_end(struct reload *reload)
{
    if (!reload)
        return true;
    atomic_store(&reload->is_ending, true);
    sem_post(&reload->go);
    if (!atomic_load(&reload->has_ended))
        wait_fd(reload->done_fd, POLLIN, RELOAD_END_NS);
    if (!atomic_load(&reload->has_ended))
        return false;
    pthread_join(reload->thread, NULL);
    reload_free(reload);
    return true;
}
