/* What a server shows to who watches it, in the Prometheus text format 0.0.4: counters and gauges
 * in base units, no rates, nothing about single clients. docs/hello-server.md lists all of them.
 *
 * Thread rule: metrics belong to one thread, which may read while the workers run. */
#ifndef HELLO_METRICS_H
#define HELLO_METRICS_H

#include "server/config.h"
#include "server/listeners.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Descriptors that they keep open: five, and one for each cgroup that may have a quota. */
#define METRICS_DESCRIPTORS 16

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_args {
    const struct server_config *config;
    struct listeners *listeners;
    void *const *responders; /* struct responder, one for each worker */
    uint32_t worker_count;
    uint32_t descriptors; /* the limit in force */
    const char *revision; /* of the sources; "": unknown */
};

/* How the server is now. */
struct metrics_state {
    bool is_ready;      /* /healthz says "ok" */
    uint32_t stuck;     /* workers */
    const char *engine; /* that it started with */
};

struct metrics;

/* Open the files of /proc and of the cgroups, which can be read later where a sandbox lets nothing
 * be opened. What `args` points to must outlive the metrics. Returns 0 or -ENOMEM. */
int metrics_new(const struct metrics_args *args, struct metrics **ret_metrics);

/* NULL is fine. */
void metrics_free(struct metrics *metrics);

/* Write all of them, as they are now. What cannot be read is left out. */
void metrics_write(struct metrics *metrics, const struct metrics_state *state, FILE *out);

#endif
