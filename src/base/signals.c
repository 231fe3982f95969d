#include "base/signals.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/exit_code.h"
#include "base/stdio_line.h"
#include "base/units.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>

#define END_ALARM_S        2                 /* ThreadSanitizer takes 1 s to exit */
#define NO_WAIT_PAUSE_NS   (100 * NS_PER_MS) /* if sigtimedwait(2) is refused */
#define READER_STACK_BYTES (256 << 10)       /* a sanitizer needs some of it */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    int number;
    const char *name;
} stop_signals[] = {
    {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGQUIT, "SIGQUIT"}};
static const int ignored_signals[] = {SIGPIPE, SIGXFSZ, SIGUSR2};

/* Signals belong to the process: there is only one state. */
static struct {
    const char *program;
    enum signals_hangup hangup;
    sigset_t read; /* what the reader waits for */
    pthread_t reader;
    int stop_fd; /* written at the first stop, never read */
    int wake_fd; /* written for the watcher */
    atomic_bool watched;
    atomic_bool ending;
    atomic_uint stops, asks, hangups;
    atomic_int first; /* signal */
    _Atomic uint64_t extended_ns;
    /* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
} signals = {.stop_fd = -1, .wake_fd = -1};

/* What the reader has to do if no signal comes, and when; UINT64_MAX: never. */
struct reader {
    uint64_t due_ns;  /* end the process, or see why not */
    uint64_t wake_ns; /* try again to wake the other threads */
    unsigned refused; /* such tries in a row */
};

/* Never returns. The alarm helps if standard error is on a dead file server. */
static void process_end(const char *why)
{
    char line[128];

    snprintf(line, sizeof(line), "ended by %s: %s", signals_stop_name(), why);
    alarm(END_ALARM_S);
    stdio_line(STDERR_FILENO, 0, signals.program, line);
    _exit(EXIT_CANNOT_RUN);
}

/* Count a stop. Returns when it must end the process. */
static uint64_t stop_take(int number)
{
    bool watched = atomic_load(&signals.watched);
    unsigned stops = atomic_load(&signals.stops) + 1;

    if (stops == 1)
        atomic_store(&signals.first, number);
    atomic_store(&signals.stops, stops);
    if (stops > 2 || (stops == 2 && !watched))
        process_end("a second signal came");
    return clock_now_ns() + SIGNALS_PATIENCE_NS;
}

/* Wake those who wait for a signal. If that is refused, do not wait here: the next signal must be
 * read. A stop that cannot be passed on ends the process: the second one at once. */
static void reader_wake(struct reader *reader)
{
    unsigned stops = atomic_load(&signals.stops);
    bool woken =
        (stops == 0 || event_raise(signals.stop_fd) == 0) && event_raise(signals.wake_fd) == 0;

    reader->refused = woken ? 0 : reader->refused + 1;
    reader->wake_ns = woken ? UINT64_MAX : clock_now_ns() + EVENT_RETRY_NS;
    if (!woken && stops > 0)
        signals_cannot_wake(reader->refused);
    if (reader->refused > EVENT_TRIES_MAX) { /* no stop was asked for */
        reader->refused = 0;
        reader->wake_ns = UINT64_MAX;
    }
}

/* End the process now, unless an orderly stop is in progress. Returns when to check again. */
static uint64_t stop_look(void)
{
    uint64_t extended_ns = atomic_load(&signals.extended_ns);

    if (atomic_load(&signals.stops) == 1 && atomic_load(&signals.watched))
        return UINT64_MAX;
    if (extended_ns <= clock_now_ns())
        process_end("what it was waiting for did not come");
    return extended_ns;
}

/* Wait for a signal, or until due_ns (UINT64_MAX: never). Returns the signal, or -1. */
static int signal_wait(uint64_t due_ns)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                               .tv_nsec = (long)(left_ns % NS_PER_S)};

    return sigtimedwait(&signals.read, NULL, due_ns == UINT64_MAX ? NULL : &timeout);
}

static void *reader_main(void *unused)
{
    struct reader reader = {.due_ns = UINT64_MAX, .wake_ns = UINT64_MAX};

    (void)unused;
    pthread_setname_np(pthread_self(), "signals");
    for (;;) {
        int number = signal_wait(reader.due_ns < reader.wake_ns ? reader.due_ns : reader.wake_ns);

        if (atomic_load(&signals.ending))
            return NULL;
        if (number < 0 && errno != EAGAIN && errno != EINTR)
            clock_pause(NO_WAIT_PAUSE_NS);
        if (number == SIGUSR1)
            atomic_fetch_add(&signals.asks, 1);
        else if (number == SIGHUP && signals.hangup == SIGNALS_HANGUP_READS_AGAIN)
            atomic_fetch_add(&signals.hangups, 1);
        else if (number > 0)
            reader.due_ns = stop_take(number);
        else if (clock_now_ns() >= reader.due_ns)
            reader.due_ns = stop_look();
        if (number > 0 || clock_now_ns() >= reader.wake_ns)
            reader_wake(&reader);
    }
}

/* Set which signals are read and which are ignored, also for later threads. */
static void signals_divide(void)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
    struct sigaction hangup;
    sigset_t hangups;

    sigemptyset(&signals.read);
    sigaddset(&signals.read, SIGUSR1);
    for (size_t i = 0; i < COUNT_OF(stop_signals); i++)
        sigaddset(&signals.read, stop_signals[i].number);
    pthread_sigmask(SIG_BLOCK, &signals.read, NULL);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN) {
        sigemptyset(&hangups);
        sigaddset(&hangups, SIGHUP);
        sigdelset(&signals.read, SIGHUP);
        pthread_sigmask(SIG_UNBLOCK, &hangups, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(stop_signals); i++) {
        if (sigismember(&signals.read, stop_signals[i].number))
            sigaction(stop_signals[i].number, &plain, NULL); /* an ignored one may get lost */
    }
    for (size_t i = 0; i < COUNT_OF(ignored_signals); i++)
        sigaction(ignored_signals[i], &ignored, NULL);
}

/* Whether signals can be waited for: with none to wait for, the time is over at once. Returns 0 or
 * -errno: a sandbox refuses it, and no stop would ever be seen. */
static int reader_try(void)
{
    const struct timespec none = {0};
    sigset_t nothing;

    sigemptyset(&nothing);
    sigtimedwait(&nothing, NULL, &none);
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int reader_start(void)
{
    pthread_attr_t attributes;
    int result = -pthread_attr_init(&attributes);

    if (result < 0)
        return result;
    pthread_attr_setstacksize(&attributes, READER_STACK_BYTES);
    result = -pthread_create(&signals.reader, &attributes, reader_main, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

static void descriptors_close(void)
{
    close(signals.stop_fd);
    close(signals.wake_fd);
    signals.stop_fd = signals.wake_fd = -1;
}

int signals_begin(const char *program, enum signals_hangup hangup,
                  struct signals_failure *ret_failure)
{
    const char *call = "eventfd";
    int result = 0;

    signals_divide();
    signals.program = program;
    signals.hangup = hangup;
    signals.stop_fd = eventfd(0, EFD_CLOEXEC);
    signals.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals.stop_fd < 0 || signals.wake_fd < 0)
        result = -errno;
    if (result == 0) {
        call = "rt_sigtimedwait";
        result = reader_try();
    }
    if (result == 0) {
        call = "pthread_create";
        result = reader_start();
    }
    if (result == 0)
        return 0;
    *ret_failure = (struct signals_failure){.call = call, .needed_bytes = READER_STACK_BYTES};
    descriptors_close();
    return result;
}

void signals_end(void)
{
    atomic_store(&signals.ending, true);
    if (pthread_kill(signals.reader, SIGTERM) == 0)
        pthread_join(signals.reader, NULL); /* else it ends with the process */
    descriptors_close();
}

unsigned signals_stops(void)
{
    return atomic_load(&signals.stops);
}

const char *signals_stop_name(void)
{
    int first = atomic_load(&signals.first);

    for (size_t i = 0; i < COUNT_OF(stop_signals); i++) {
        if (stop_signals[i].number == first)
            return stop_signals[i].name;
    }
    return "no signal";
}

int signals_stop_fd(void)
{
    return signals.stop_fd;
}

int signals_watch(void)
{
    atomic_store(&signals.watched, true);
    return signals.wake_fd;
}

void signals_unwatch(void)
{
    signals_extend(SIGNALS_PATIENCE_NS); /* for the remaining work */
    atomic_store(&signals.watched, false);
}

void signals_cannot_wake(unsigned tries)
{
    if (signals_stops() > 1)
        process_end("a second signal came");
    if (tries > EVENT_TRIES_MAX)
        process_end("a thread cannot be woken");
}

unsigned signals_asks(void)
{
    return atomic_load(&signals.asks);
}

unsigned signals_hangups(void)
{
    return atomic_load(&signals.hangups);
}

void signals_extend(uint64_t ns)
{
    atomic_store(&signals.extended_ns, clock_now_ns() + ns);
}
