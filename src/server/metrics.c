#include "server/metrics.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/fact.h"
#include "base/units.h"
#include "host/process.h"
#include "host/usage.h"
#include "server/responder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* The kernel tells in whole ticks how long a client waited, so shorter classes would all be empty
 * but the first. */
#define WAIT_FIRST_BOUND 5

struct metrics {
    struct metrics_args args;
    struct usage_source *usage;
    struct process_source process;
    uint64_t started_ns; /* since the epoch */
};

/* All workers together. */
struct totals {
    struct outcome_counts counts;
    struct durations durations, waits;
    uint64_t pauses[CONDITION_COUNT];
    uint64_t serving; /* workers */
};

/* How a number is written. */
enum unit { UNIT_NUMBER, UNIT_NS };

/* A family with one sample, which has no labels. */
struct single {
    const char *name, *type, *help;
    enum unit unit;
    uint64_t value; /* a fact; left out if it is no number */
};

int metrics_new(const struct metrics_args *args, struct metrics **ret_metrics)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (!metrics || usage_source_new(&metrics->usage) < 0) {
        free(metrics);
        return -ENOMEM;
    }
    metrics->args = *args;
    metrics->started_ns = clock_read_ns(CLOCK_REALTIME);
    usage_source_keep_open(metrics->usage);
    process_source_open(&metrics->process);
    *ret_metrics = metrics;
    return 0;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    usage_source_free(metrics->usage);
    process_source_close(&metrics->process);
    free(metrics);
}

static struct totals totals_of(const struct metrics *metrics)
{
    struct totals totals = {0};

    for (uint32_t i = 0; i < metrics->args.worker_count; i++) {
        struct responder_view view = responder_view(metrics->args.responders[i]);

        outcome_counts_add(&totals.counts, view.counts);
        durations_add_all(&totals.durations, view.durations);
        durations_add_all(&totals.waits, &view.pulse->waits);
        totals.serving += !pulse_is_over(view.pulse);
        for (int cause = 0; cause < CONDITION_COUNT; cause++)
            totals.pauses[cause] += counter_read(&view.conditions[cause]);
    }
    return totals;
}

/* "# HELP" and "# TYPE". */
static void head_write(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void value_write(FILE *out, enum unit unit, uint64_t value)
{
    if (unit == UNIT_NUMBER)
        fprintf(out, " %" PRIu64 "\n", value);
    else
        fprintf(out, " %" PRIu64 ".%09" PRIu64 "\n", value / NS_PER_S, value % NS_PER_S);
}

static void singles_write(FILE *out, const struct single *singles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct single *single = &singles[i];

        if (!fact_is_number(single->value))
            continue;
        head_write(out, single->name, single->type, single->help);
        fputs(single->name, out);
        value_write(out, single->unit, single->value);
    }
}

static void infos_write(const struct metrics *metrics, const struct metrics_state *state, FILE *out)
{
    bool lingers = metrics->args.config->close == SERVER_CLOSE_LINGER;

    head_write(out, "hello_build_info", "gauge", "What runs; always 1.");
    fprintf(out, "hello_build_info{version=\"%s\",revision=\"%s\"} 1\n", HELLO_VERSION,
            metrics->args.revision[0] ? metrics->args.revision : "unknown");
    head_write(out, "hello_settings_info", "gauge",
               "How it runs; always 1. The engine is that of the start: one that breaks may be "
               "replaced by another.");
    fprintf(out, "hello_settings_info{engine=\"%s\",close=\"%s\"} 1\n", state->engine,
            lingers ? "linger" : "swift");
}

static void connections_write(const struct metrics *metrics, const struct totals *totals, FILE *out)
{
    head_write(out, "hello_connections_accepted_total", "counter",
               "Connections that a worker accepted.");
    for (uint32_t i = 0; i < metrics->args.worker_count; i++) {
        struct responder_view view = responder_view(metrics->args.responders[i]);

        fprintf(out, "hello_connections_accepted_total{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", i,
                counter_read(&view.counts->accepted));
    }
    head_write(out, "hello_connections_ended_total", "counter",
               "Connections that ended, each in one way: those of the last line of the server.");
    for (int i = 0; i < OUTCOME_COUNT; i++)
        fprintf(out, "hello_connections_ended_total{outcome=\"%s\"} %" PRIu64 "\n",
                outcome_name((enum outcome)i), totals->counts.outcomes[i]);
}

/* Classes from `first` on; each also counts those below it. */
static void durations_write(FILE *out, const char *name, const char *help,
                            const struct durations *durations, uint32_t first)
{
    uint64_t count = 0;

    head_write(out, name, "histogram", help);
    for (uint32_t i = 0; i < DURATIONS_BOUNDS; i++) {
        count += durations->counts[i];
        if (i >= first)
            fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                    (double)durations_bounds_ns[i] / (double)NS_PER_S, count);
    }
    count += durations->counts[DURATIONS_BOUNDS];
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum", name, count, name);
    value_write(out, UNIT_NS, durations->sum_ns);
    fprintf(out, "%s_count %" PRIu64 "\n", name, count);
}

static void queues_write(const struct metrics *metrics, FILE *out)
{
    uint64_t limit = FACT_UNKNOWN;

    head_write(out, "hello_accept_queue_length", "gauge",
               "Clients that wait in the listener's queue to be accepted.");
    for (uint32_t i = 0; i < metrics->args.worker_count; i++) {
        struct accept_queue queue = listeners_queue(metrics->args.listeners, i);

        if (!fact_is_number(queue.length)) /* it is closed */
            continue;
        fprintf(out, "hello_accept_queue_length{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", i,
                queue.length);
        limit = queue.limit;
    }
    singles_write(out,
                  &(struct single){"hello_accept_queue_limit", "gauge",
                                   "Clients that may wait in one queue; more are dropped.",
                                   UNIT_NUMBER, limit},
                  1);
}

static void pauses_write(const struct totals *totals, FILE *out)
{
    static const char *const reasons[CONDITION_COUNT] = {
        [CONDITION_CAPACITY] = "max_connections",
        [CONDITION_DESCRIPTORS] = "descriptors",
        [CONDITION_MEMORY] = "memory",
        [CONDITION_ACCEPTING] = "other",
    };

    head_write(out, "hello_accepting_pauses_total", "counter",
               "How often a worker began to let clients wait, because something is short.");
    for (int cause = 0; cause < CONDITION_COUNT; cause++)
        if (reasons[cause])
            fprintf(out, "hello_accepting_pauses_total{reason=\"%s\"} %" PRIu64 "\n",
                    reasons[cause], totals->pauses[cause]);
}

static void state_write(const struct metrics *metrics, const struct metrics_state *state,
                        const struct totals *totals, FILE *out)
{
    const struct single singles[] = {
        {"hello_ready", "gauge", "1 if /healthz says that all is well, else 0.", UNIT_NUMBER,
         state->is_ready},
        {"hello_workers", "gauge",
         "Workers that serve, without those whose engine broke and that got no other.", UNIT_NUMBER,
         totals->serving},
        {"hello_workers_stuck", "gauge", "Workers that did not get on for 10 s.", UNIT_NUMBER,
         state->stuck},
        {"hello_connections_open", "gauge", "Connections that are accepted and have not ended.",
         UNIT_NUMBER, outcome_counts_open(&totals->counts)},
        {"hello_connections_limit", "gauge",
         "Connections that may be open (--max-connections); others wait.", UNIT_NUMBER,
         metrics->args.config->max_connections},
    };

    singles_write(out, singles, sizeof(singles) / sizeof(singles[0]));
}

static void machine_write(const struct metrics *metrics, FILE *out)
{
    struct usage usage;
    struct usage_more more;

    usage_read(metrics->usage, &usage);
    usage_read_more(metrics->usage, &more);
    const struct single singles[] = {
        {"hello_tcp_listen_overflows_total", "counter",
         "Connections that found a full accept queue, of any program in this network namespace.",
         UNIT_NUMBER, usage.listen_overflows},
        {"hello_tcp_listen_drops_total", "counter",
         "Handshakes that were dropped, of any program in this network namespace.", UNIT_NUMBER,
         usage.listen_drops},
        {"hello_tcp_syncookies_sent_total", "counter",
         "Answers to handshakes without memory of them, as under a flood, of any program in this "
         "network namespace.",
         UNIT_NUMBER, more.syncookies_sent},
        {"hello_machine_cpu_steal_seconds_total", "counter",
         "Time in which the hypervisor ran something else on the CPUs that this process may use.",
         UNIT_NS, usage.steal_ns},
        {"hello_cgroup_throttled_seconds_total", "counter",
         "Time in which a CPU quota stopped this process or others in its cgroups.", UNIT_NS,
         usage.throttled_ns},
        {"hello_cgroup_periods_total", "counter", "Periods of CPU quotas.", UNIT_NUMBER,
         more.period_count},
        {"hello_cgroup_throttled_periods_total", "counter",
         "Periods of CPU quotas in which the quota was used up.", UNIT_NUMBER,
         usage.throttled_count},
    };

    singles_write(out, singles, sizeof(singles) / sizeof(singles[0]));
}

/* The names are those of all Prometheus clients ("Writing client libraries", process metrics). */
static void process_write(struct metrics *metrics, FILE *out)
{
    struct process_facts facts;

    process_read(&metrics->process, &facts);
    const struct single singles[] = {
        {"process_cpu_seconds_total", "counter", "CPU time of this process, user and system.",
         UNIT_NS, facts.cpu_ns},
        {"process_open_fds", "gauge", "Open file descriptors.", UNIT_NUMBER, facts.descriptors},
        {"process_max_fds", "gauge", "How many file descriptors this process may have open.",
         UNIT_NUMBER, metrics->args.descriptors},
        {"process_virtual_memory_bytes", "gauge", "Address space.", UNIT_NUMBER,
         facts.virtual_bytes},
        {"process_resident_memory_bytes", "gauge", "Resident memory.", UNIT_NUMBER,
         facts.resident_bytes},
        {"process_start_time_seconds", "gauge",
         "When this process started, in seconds since the epoch.", UNIT_NS, metrics->started_ns},
        {"process_threads", "gauge", "Threads, those of the workers included.", UNIT_NUMBER,
         facts.threads},
    };

    singles_write(out, singles, sizeof(singles) / sizeof(singles[0]));
}

void metrics_write(struct metrics *metrics, const struct metrics_state *state, FILE *out)
{
    const struct totals totals = totals_of(metrics);

    infos_write(metrics, state, out);
    state_write(metrics, state, &totals, out);
    connections_write(metrics, &totals, out);
    durations_write(
        out, "hello_connection_duration_seconds",
        "How long connections lasted, whatever their outcome: from the accept, or from the end of "
        "the request if there must be one, until the server sees the end; with --close linger it "
        "mostly looks for it after 0.1 s.",
        &totals.durations, 0);
    durations_write(
        out, "hello_accept_wait_seconds",
        "How long one of 64 clients waited to be accepted, as the kernel tells it; less "
        "for those that sent something meanwhile.",
        &totals.waits, WAIT_FIRST_BOUND);
    queues_write(metrics, out);
    pauses_write(&totals, out);
    machine_write(metrics, out);
    process_write(metrics, out);
}
