/* The generator as a whole: its targets, its workers and their results.
 *
 * Thread rule: for one thread, the one that waits for signals. */
#ifndef HELLO_SESSION_H
#define HELLO_SESSION_H

#include "generator/config.h"
#include "result/document.h"
#include "workers/workers.h"

struct session;

struct session_args {
    const struct load_config *config; /* must outlive the session */
    int live_fd;                      /* a terminal to show the live view on; -1: none */

    /* Gets one line that is worth knowing, in session_perform. */
    void (*notice)(void *context, const char *line);
    void *context;
};

/* Resolve the targets, make connections as configured, and document the results. A stop signal
 * (base/signals.h) ends it early; before the first connection that is a failure (FAILURE_STOPPED),
 * because there is nothing to report. The caller must give *ret_session to session_free, also after
 * an error (it is NULL then). Returns 0, or -errno with a failure. */
int session_perform(const struct session_args *args, struct session **ret_session,
                    struct failure *failure);

/* The results with verdicts and assertions; valid until session_free. */
const struct document *session_document(const struct session *session);

/* An error after the run: 0, or the -errno of writing the histogram log. */
int session_log_error(const struct session *session);

/* Free everything; NULL is allowed. */
void session_free(struct session *session);

#endif
