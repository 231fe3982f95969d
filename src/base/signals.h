/* Signals. All that the programs react to are blocked in every thread, and one thread reads them
 * and does nothing else: whatever the program waits for - a full pipe, a FIFO without a reader, a
 * name server, a stopped terminal, a dead file server - it can always be ended.
 *
 * SIGTERM, SIGINT, SIGHUP and SIGQUIT ask for a stop. The first is obeyed in order: by whoever
 * watches (a crew that runs), else within SIGNALS_PATIENCE_NS. The second ends the process at once.
 * SIGHUP stays ignored if it was at the start (nohup(1)); the others are never ignored, also where
 * a shell that starts something in the background ignores SIGINT for it. SIGUSR1 asks for a word on
 * how it goes. SIGUSR2, SIGPIPE and SIGXFSZ are ignored: a reader that is gone and a file that is
 * too large are errors of write(2).
 *
 * They are of the whole process, so there is one state of them, and no handle.
 *
 * Thread rule: signals_begin and signals_end for the main thread; all others for any. */
#ifndef HELLO_SIGNALS_H
#define HELLO_SIGNALS_H

#include <stdint.h>

/* How long the first signal waits for a program that nobody watches. */
#define SIGNALS_PATIENCE_NS UINT64_C(2000000000)

/* Why signals cannot be read. */
struct signals_failure {
    const char *call;      /* the system call that failed */
    uint64_t needed_bytes; /* what it needs of memory, at most */
};

/* Begin to read signals, before anything else that can take time; `program` names the lines that
 * are told. Threads started later have them blocked. Returns 0, or -errno with *ret_failure filled
 * in. To be ended by signals_end. */
int signals_begin(const char *program, struct signals_failure *ret_failure);

/* Read no more signals: the program ends. */
void signals_end(void);

/* How many signals have asked for a stop so far. */
unsigned signals_stops(void);

/* The first of them: "SIGTERM". "no signal" before. */
const char *signals_stop_name(void);

/* A descriptor for poll(2) that can be read from the first stop on; not to be read. -1: none. */
int signals_stop_fd(void);

/* Watch: from now on the caller obeys a stop by itself, and may take its time. Returns an eventfd
 * that can be read after each signal, and once at first: read it, then ask signals_stops and
 * signals_asks. -1: none. The second signal still ends the process after SIGNALS_PATIENCE_NS,
 * unless the watcher is at work on it (signals_extend). */
int signals_watch(void);
void signals_unwatch(void);

/* How many SIGUSR1 have come so far. */
unsigned signals_asks(void);

/* The program is at work on its end: a stop that has come does not end it by force for this time.
 * The next one does. */
void signals_extend(uint64_t ns);

#endif
