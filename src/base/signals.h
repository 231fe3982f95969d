/* Signals. All that the programs react to are blocked in every thread, and one dedicated thread
 * reads them. So the program can always be ended, whatever it waits for: a full pipe, a FIFO
 * without a reader, a name server, a stopped terminal, a dead file server.
 *
 * SIGTERM, SIGINT, SIGQUIT and, unless a program uses it to read its files again, SIGHUP request a
 * stop. The first means an orderly stop: by the watcher (running workers), else within
 * SIGNALS_PATIENCE_NS. The second ends the process at once. SIGHUP stays ignored if it was at the
 * start (nohup(1)); the others are never ignored, even if a shell started the program in the
 * background with SIGINT ignored. SIGUSR1 requests a status report. SIGUSR2, SIGPIPE and SIGXFSZ
 * are ignored: a closed pipe and a file that is too large are errors of write(2).
 *
 * Signals belong to the process, so there is one state and no handle.
 *
 * Thread rule: signals_begin and signals_end: main thread; all others: any. */
#ifndef HELLO_SIGNALS_H
#define HELLO_SIGNALS_H

#include <stdint.h>

/* How long the process may run after the first signal without a watcher. */
#define SIGNALS_PATIENCE_NS UINT64_C(2000000000)

/* Why signals cannot be read. */
struct signals_failure {
    const char *call;      /* the system call that failed */
    uint64_t needed_bytes; /* memory that it needs, at most */
};

/* What SIGHUP requests. */
enum signals_hangup { SIGNALS_HANGUP_STOPS, SIGNALS_HANGUP_READS_AGAIN };

/* Begin to read signals, before anything that can take time; `program` is the prefix of printed
 * lines. Threads started later block them. Returns 0, or -errno with *ret_failure filled in. End it
 * with signals_end. */
int signals_begin(const char *program, enum signals_hangup hangup,
                  struct signals_failure *ret_failure);

/* Stop reading signals: the program ends. */
void signals_end(void);

/* How many signals have requested a stop so far. */
unsigned signals_stops(void);

/* The first of them: "SIGTERM", or "no signal". */
const char *signals_stop_name(void);

/* A descriptor to wait for, readable from the first stop on; do not read it. -1: none. */
int signals_stop_fd(void);

/* Watch: from now on the caller handles a stop itself, without a time limit. Returns an eventfd
 * that is readable after each signal, earlier ones too: read it, then call signals_stops,
 * signals_asks and signals_hangups. -1: none. The second signal still ends the process after
 * SIGNALS_PATIENCE_NS, unless the watcher extends it (signals_extend). */
int signals_watch(void);
void signals_unwatch(void);

/* A thread that must be told of a stop cannot be woken, after so many tries in a row. Ends the
 * process after EVENT_TRIES_MAX (base/event.h), and at once if a second stop came; else try
 * again. */
void signals_cannot_wake(unsigned tries);

/* How many SIGUSR1 have arrived so far. */
unsigned signals_asks(void);

/* How many SIGHUP have arrived so far that did not request a stop. */
unsigned signals_hangups(void);

/* The program is busy stopping: for this time, a stop that has arrived does not kill it. The next
 * one does. */
void signals_extend(uint64_t ns);

#endif
