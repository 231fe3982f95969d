/* The generator as a whole: its targets, its workers, and what they found.
 *
 * Thread rule: for one thread, the one that waits for signals. */
#ifndef HELLO_RUN_H
#define HELLO_RUN_H

#include "crew/crew.h"
#include "load/config.h"
#include "report/report.h"

struct run;

/* Resolve the targets, drive connections at them as the configuration says, and report. A signal
 * that asks for a stop (base/signals.h) ends it early; before the first connection there is nothing
 * to report, which is an error (-ECANCELED). *ret_run is the caller's, to give to run_free, also
 * after an error (NULL then). Returns 0, -EINVAL (wrong usage) or another -errno (it could not
 * run), with one line in error. */
int run_perform(const struct load_config *config, struct run **ret_run,
                char error[CREW_ERROR_BYTES]);

/* What a run found, its verdicts and assertions included; it lives as long as the run. */
const struct report *run_report(const struct run *run);

/* What went wrong after the run: 0, or the -errno of writing the histogram log. */
int run_log_error(const struct run *run);

/* Free all; NULL is fine. */
void run_free(struct run *run);

#endif
