#include "run/run.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/cpus.h"
#include "base/program.h"
#include "base/signals.h"
#include "base/units.h"
#include "load/flow.h"
#include "load/flow_reuse.h"
#include "load/generator.h"
#include "measure/tracked.h"
#include "net/limits.h"
#include "net/route.h"
#include "report/judgement.h"
#include "report/verdict.h"
#include "run/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(OPTION_ERROR_BYTES <= CREW_ERROR_BYTES, "one buffer takes every error");

/* How long open connections may take to end after a signal. */
#define LOAD_STOP_NS NS_PER_S

struct run {
    const struct load_config *config;
    struct flow_settings settings;
    struct target targets[TARGETS_MAX];
    struct sources sources;
    uint32_t descriptors;
    struct generator_args generator_args[CPUS_MAX];
    struct generator *generators[CPUS_MAX]; /* report.threads of them */
    struct crew *crew;
    struct recorder *recorder;
    struct live *live; /* NULL: there is none */
    struct hlog *hlog;
    int log_error;
    struct report report;
};

static void run_notice(void *context, const char *line)
{
    const struct run *run = context;

    if (run->config->quiet)
        return;
    live_clear(run->live);
    program_tell(load_options.program, line);
}

static uint64_t run_tick(void *context, bool last)
{
    struct run *run = context;

    return recorder_tick(run->recorder, run->crew, last);
}

/* The share of thread i out of all: as even as can be. */
static uint64_t run_share(const struct run *run, uint64_t total, uint32_t i)
{
    uint32_t threads = run->report.threads;

    if (total == UINT64_MAX)
        return total;
    return total / threads + (i < total % threads);
}

/* The share of a CPU that the quota leaves to each thread. */
static double run_thread_share(const struct report *report)
{
    const struct machine *machine = &report->machine;
    double share = 1;

    if (machine->quota_period_us > 0)
        share = (double)machine->quota_us / (double)machine->quota_period_us / report->threads;
    return share < 1 ? share : 1;
}

/* Settle how many threads and connections there are. Returns 0, or -EMFILE with one line in error.
 */
static int run_size(struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct load_config *config = run->config;
    struct report *report = &run->report;
    int64_t descriptors = limits_raise_descriptors();
    struct cpus cpus;
    char line[CPUS_LEFT_OUT_BYTES];
    uint64_t reserved, room;

    cpus_asked_keep(&config->cpus_asked); /* else its CPUs are told as they are */
    if (cpus_read(&cpus) < 0)
        cpus = (struct cpus){.count = 1};
    if (cpus_tell_left_out(&cpus, line))
        run_notice(run, line);
    report->threads = (uint32_t)(config->threads ? config->threads : cpus.count);
    reserved = limits_descriptors_reserved(report->threads);
    room = descriptors > (int64_t)reserved ? (uint64_t)descriptors - reserved : 0;
    report->connections = config->connections;
    if (!config->connections && load_is_open_loop(config))
        report->connections = room == 0 ? 1 : room < LOAD_OPEN_LOOP ? room : LOAD_OPEN_LOOP;
    else if (!config->connections)
        report->connections = LOAD_CLOSED_LOOP;
    if (report->connections > room) {
        snprintf(error, CREW_ERROR_BYTES,
                 "--connections '%" PRIu64 "' needs %" PRIu64
                 " descriptors, but the hard limit is %" PRId64 "; raise it (ulimit -Hn)",
                 report->connections, report->connections + reserved, descriptors);
        return -EMFILE;
    }
    if (report->threads > report->connections)
        report->threads = (uint32_t)report->connections;
    report->thread_allowed = run_thread_share(report);
    run->descriptors = (uint32_t)descriptors;
    return 0;
}

/* Settle whether sockets may be used again. */
static void run_settle_reuse(struct run *run)
{
    struct report *report = &run->report;
    const struct option_ports *ports = &run->sources.kernel_ports;
    const char *timestamps = machine_setting(&report->machine, "net.ipv4.tcp_timestamps");
    struct flow_reuse_facts facts = {
        .connections = report->connections,
        .local_ports = ports->high > ports->low ? (uint32_t)(ports->high - ports->low + 1) : 0,
        .has_timestamps = strcmp(timestamps, "0") != 0};

    run->settings.reuse_refusal = flow_reuse_refusal(run->config, &facts);
    report->sockets.refusal = run->settings.reuse_refusal;
    for (uint32_t i = 0; i < report->lane_count && !report->sockets.refusal; i++)
        report->sockets.refusal = flow_reuse_refusal_to(&run->sources, &run->targets[i].address);
}

static void run_count_sockets(struct run *run)
{
    struct report_sockets *sockets = &run->report.sockets;

    for (uint32_t i = 0; i < run->report.threads; i++) {
        const struct generator_progress *progress = generator_progress(run->generators[i]);

        sockets->opened += counter_read(&progress->sockets_opened);
        sockets->reused += counter_read(&progress->sockets_reused);
    }
}

/* True if a connection to this target may be one to itself: to an address of this machine, and to a
 * port that connections come from. */
static bool run_meets_itself(const struct run *run, const struct target *target)
{
    const struct address *address = &target->address;

    return sources_may_use_port(&run->sources, address_port(address)) &&
           (address_is_any(address) || route_is_local(address) != 0);
}

static int run_make_generators(struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct load_config *config = run->config;
    struct report *report = &run->report;

    report->seed = config->seed ? config->seed : schedule_seed();
    run->settings = (struct flow_settings){.config = config,
                                           .targets = run->targets,
                                           .sources = &run->sources,
                                           .rests = !load_is_open_loop(config)};
    run_settle_reuse(run);
    for (uint32_t i = 0; i < report->lane_count; i++)
        run->settings.meets_itself[i] = run_meets_itself(run, &run->targets[i]);
    for (uint32_t i = 0; i < report->threads; i++) {
        run->generator_args[i] = (struct generator_args){
            .settings = &run->settings,
            .thread = i,
            .threads = report->threads,
            .seed = report->seed,
            .lane_count = report->lane_count,
            .flows_max = (uint32_t)run_share(run, report->connections, i),
            .count = run_share(run, config->count ? config->count : UINT64_MAX, i),
            .duration_ns =
                config->duration_ns ? config->warmup_ns + config->duration_ns : UINT64_MAX,
        };
        run->generators[i] = generator_new(&run->generator_args[i]);
        if (!run->generators[i]) {
            snprintf(error, CREW_ERROR_BYTES, "cannot allocate: out of memory; use fewer threads");
            return -ENOMEM;
        }
    }
    return 0;
}

/* Source addresses that were given must be able to reach every target. Returns 0, or -EINVAL with
 * one line in error. */
static int run_check_sources(const struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct sources *sources = &run->sources;

    for (uint32_t i = 0; i < run->report.lane_count && sources->count > 0; i++) {
        bool is_ipv4 = run->targets[i].address.sa.sa_family == AF_INET;

        if ((is_ipv4 ? sources->ipv4_count : sources->ipv6_count) > 0)
            continue;
        snprintf(error, CREW_ERROR_BYTES,
                 "--source '%s' has no %s address to connect from to '%s'; add one",
                 run->config->source, is_ipv4 ? "IPv4" : "IPv6", run->report.lanes[i].name);
        return -EINVAL;
    }
    return 0;
}

/* Find the targets and fill in their lanes. Returns 0 or -errno, with one line in error. */
static int run_find_targets(struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct load_config *config = run->config;
    struct report *report = &run->report;
    int count = targets_resolve(config, run->targets, error);
    int result;

    if (count < 0)
        return count;
    report->lane_count = (uint32_t)count;
    report->target_is_local = true;
    snprintf(report->all.name, sizeof(report->all.name), "all");
    for (uint32_t i = 0; i < report->lane_count; i++) {
        const struct address *address = &run->targets[i].address;

        report->lanes[i].target = &run->targets[i];
        address_format(address, report->lanes[i].name);
        route_device_read(address, &report->lanes[i].device);
        report->lanes[i].offloads = offloads_read(report->lanes[i].device.name);
        report->target_is_local = report->target_is_local && route_is_local(address) == 1;
    }
    result = sources_init(&run->sources, config->source, config->source_ports, error);
    return result < 0 ? result : run_check_sources(run, error);
}

/* Get ready to record. Returns 0 or -errno, with one line in error. */
static int run_prepare_recorder(struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct load_config *config = run->config;
    int result;

    if (config->hlog) {
        result = hlog_open(config->hlog, &run->hlog);
        if (result < 0) {
            snprintf(error, CREW_ERROR_BYTES,
                     "--hlog '%s': cannot create: %s; give the path of a file that can be written",
                     config->hlog, strerror(-result));
            return -EINVAL;
        }
    }
    run->recorder = recorder_new(&(struct recorder_args){
        .report = &run->report,
        .generators = run->generators,
        .length_ns = run->generator_args[0].duration_ns,
        .hlog = run->hlog,
    });
    if (!run->recorder) {
        snprintf(error, CREW_ERROR_BYTES, "cannot allocate: out of memory; use fewer targets");
        return -ENOMEM;
    }
    return 0;
}

/* Start the workers. Returns 0 or -errno, with one line in error. */
static int run_start_crew(struct run *run, char error[CREW_ERROR_BYTES])
{
    struct report *report = &run->report;
    void *states[CPUS_MAX];
    struct crew_args args = {
        .count = report->threads,
        .pins = run->config->cpus_asked.how != CPUS_NONE,
        .engine = run->config->engine,
        .job = &generator_job,
        .states = states,
        .sockets_max = run->descriptors,
        .stop_timeout_ns = LOAD_STOP_NS,
        .notice = run_notice,
        .tick = run_tick,
        .context = run,
    };
    int result;

    for (uint32_t i = 0; i < report->threads; i++)
        states[i] = run->generators[i];
    result = crew_start(&args, &run->crew, error);
    if (result < 0)
        return result == -EINVAL ? -ENOSYS : result; /* an old kernel is not wrong usage */
    report->engine = crew_engine(run->crew)->name;
    report->engine_features = crew_engine_features(run->crew);
    snprintf(report->engine_reason, sizeof(report->engine_reason), "%s",
             crew_engine_reason(run->crew));
    return 0;
}

static int run_drive(struct run *run, char error[CREW_ERROR_BYTES])
{
    const struct load_config *config = run->config;
    uint64_t start_ns;
    int result = run_start_crew(run, error);

    if (result < 0)
        return result;
    if (!config->no_live && !config->quiet)
        run->live = live_begin(STDERR_FILENO);
    start_ns = recorder_begin(run->recorder, run->crew, run->live);
    for (uint32_t i = 0; i < run->report.threads; i++)
        run->generator_args[i].start_ns = start_ns;
    crew_go(run->crew);
    result = crew_run(run->crew, error);
    live_end(run->live);
    run->live = NULL;
    run->report.tracked_connections = tracked_connections("");
    recorder_finish(run->recorder);
    run_count_sockets(run);
    return result;
}

/* All that can be said once the run is over. */
static void run_judge(struct run *run)
{
    verdicts_find(&run->report);
    assertions_judge(&run->report);
}

int run_perform(const struct load_config *config, struct run **ret_run,
                char error[CREW_ERROR_BYTES])
{
    struct run *run = calloc(1, sizeof(*run));
    int result;

    *ret_run = NULL;
    if (!run) {
        snprintf(error, CREW_ERROR_BYTES, "cannot allocate: out of memory; raise the memory limit");
        return -ENOMEM;
    }
    run->config = config;
    run->report.config = config;
    machine_read(&run->report.machine);
    result = run_find_targets(run, error);
    if (result == 0)
        result = run_size(run, error);
    if (result == 0)
        result = run_make_generators(run, error);
    if (result == 0)
        result = run_prepare_recorder(run, error);
    if (result == 0 && signals_stops() == 0)
        result = run_drive(run, error);
    if (run->report.engine == NULL && signals_stops() > 0) {
        snprintf(error, CREW_ERROR_BYTES, "stopped by %s before the first connection",
                 signals_stop_name());
        result = -ECANCELED;
    }
    if (result < 0) {
        run_free(run);
        return result;
    }
    run->log_error = hlog_close(run->hlog);
    run->hlog = NULL;
    run_judge(run);
    *ret_run = run;
    return 0;
}

const struct report *run_report(const struct run *run)
{
    return &run->report;
}

int run_log_error(const struct run *run)
{
    return run->log_error;
}

void run_free(struct run *run)
{
    if (!run)
        return;
    hlog_close(run->hlog);
    recorder_free(run->recorder);
    for (uint64_t i = 0; i < run->report.interval_count; i++)
        free(run->report.intervals[i].lanes);
    free(run->report.intervals);
    for (uint32_t i = 0; i < run->report.threads; i++)
        generator_free(run->generators[i]);
    free(run);
}
