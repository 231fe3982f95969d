/* The generator as a whole: its workers, and what they found.
 *
 * Thread rule: for one thread, the one that waits for signals. */
#ifndef HELLO_LOAD_H
#define HELLO_LOAD_H

#include "crew/crew.h"
#include "load/config.h"
#include "load/result.h"

/* What a run found. */
struct load_report {
    struct address target;
    const char *engine;
    uint32_t threads;
    struct result_counts counts;
    double seconds;           /* from the first start to the last end */
    double connections_per_s; /* that ended well */
};

/* Resolve the target, drive connections at it as the configuration says, and report. SIGINT or
 * SIGTERM stops early. Returns 0, -EINVAL (wrong usage) or another -errno (it could not run), with
 * one line in error. */
int load_run(struct load_config *config, struct load_report *ret_report,
             char error[CREW_ERROR_BYTES]);

/* Print a report for people, unless quiet, and the line for programs. */
void load_report_print(const struct load_report *report, bool quiet);

#endif
