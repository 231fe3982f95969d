#include "session/session.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/output.h"
#include "base/signals.h"
#include "base/units.h"
#include "generator/flow.h"
#include "generator/flow_reuse.h"
#include "generator/generator.h"
#include "host/cpus.h"
#include "host/tracked.h"
#include "net/limits.h"
#include "net/route.h"
#include "report/assertions.h"
#include "report/verdict.h"
#include "session/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long open connections may take to end after a signal. */
#define LOAD_STOP_NS NS_PER_S

struct session {
    struct session_args args;
    const struct load_config *config; /* of args */
    struct flow_settings settings;
    struct target targets[TARGETS_MAX];
    struct sources sources;
    uint32_t descriptors;
    struct generator_args generator_args[CPUS_MAX];
    struct generator *generators[CPUS_MAX]; /* document.threads of them */
    struct workers *workers;
    struct recorder *recorder;
    struct live *live; /* NULL: there is none */
    struct hlog *hlog;
    int log_error;
    struct document document;
};

static void session_notice(void *context, const char *line)
{
    const struct session *session = context;

    live_clear(session->live);
    session->args.notice(session->args.context, line);
}

static uint64_t session_tick(void *context, bool last)
{
    struct session *session = context;

    return recorder_tick(session->recorder, session->workers, last);
}

/* The share of thread i: as even as possible. */
static uint64_t session_share(const struct session *session, uint64_t total, uint32_t i)
{
    uint32_t threads = session->document.threads;

    if (total == UINT64_MAX)
        return total;
    return total / threads + (i < total % threads);
}

/* The share of a CPU that the quota leaves to each thread. */
static double session_thread_share(const struct document *document)
{
    const struct machine *machine = &document->machine;
    double share = 1;

    if (machine->quota_period_us > 0)
        share = (double)machine->quota_us / (double)machine->quota_period_us / document->threads;
    return share < 1 ? share : 1;
}

/* Set the number of threads and connections. Returns 0, or -EMFILE with a failure. */
static int session_size(struct session *session, struct failure *failure)
{
    const struct load_config *config = session->config;
    struct document *document = &session->document;
    int64_t descriptors = limits_raise_descriptors();
    struct cpus cpus;
    char line[CPUS_LEFT_OUT_BYTES];
    uint64_t reserved, room;

    cpus_request_keep(&config->cpus_request); /* else the CPUs are reported as they are */
    if (cpus_read(&cpus) < 0)
        cpus = (struct cpus){.count = 1};
    if (cpus_describe_left_out(&cpus, line))
        session_notice(session, line);
    document->threads = (uint32_t)(config->threads ? config->threads : cpus.count);
    reserved = limits_descriptors_reserved(document->threads);
    room = descriptors > (int64_t)reserved ? (uint64_t)descriptors - reserved : 0;
    document->connections = config->connections;
    if (!config->connections && load_is_open_loop(config))
        document->connections = room == 0 ? 1 : room < LOAD_OPEN_LOOP ? room : LOAD_OPEN_LOOP;
    else if (!config->connections)
        document->connections = LOAD_CLOSED_LOOP;
    if (document->connections > room)
        return failure_set(failure, FAILURE_SYSTEM, -EMFILE,
                           "--connections '%" PRIu64 "' needs %" PRIu64
                           " descriptors, but the hard limit is %" PRId64 "; raise it (ulimit -Hn)",
                           document->connections, document->connections + reserved, descriptors);
    if (document->threads > document->connections)
        document->threads = (uint32_t)document->connections;
    document->thread_allowed = session_thread_share(document);
    session->descriptors = (uint32_t)descriptors;
    return 0;
}

/* Decide whether sockets may be reused. */
static void session_settle_reuse(struct session *session)
{
    struct document *document = &session->document;
    const struct option_ports *ports = &session->sources.kernel_ports;
    const char *timestamps = machine_setting(&document->machine, "net.ipv4.tcp_timestamps");
    struct flow_reuse_facts facts = {
        .connections = document->connections,
        .local_ports = ports->high > ports->low ? (uint32_t)(ports->high - ports->low + 1) : 0,
        .has_timestamps = strcmp(timestamps, "0") != 0};
    const char *refusal = flow_reuse_refusal(session->config, &facts);

    session->settings.reuse_refusal = refusal;
    for (uint32_t i = 0; i < document->target_count && !refusal; i++)
        refusal = flow_reuse_refusal_to(&session->sources, &session->targets[i].address);
    snprintf(document->sockets.refusal, sizeof(document->sockets.refusal), "%s",
             refusal ? refusal : "");
}

static void session_count_sockets(struct session *session)
{
    struct document_sockets *sockets = &session->document.sockets;

    for (uint32_t i = 0; i < session->document.threads; i++) {
        const struct generator_progress *progress = generator_progress(session->generators[i]);

        sockets->opened += counter_read(&progress->sockets_opened);
        sockets->reused += counter_read(&progress->sockets_reused);
    }
}

/* True if a connection to this target may meet itself: to an address of this machine, and to a port
 * in the source port range. */
static bool session_meets_itself(const struct session *session, const struct target *target)
{
    const struct address *address = &target->address;

    return sources_may_use_port(&session->sources, address_port(address)) &&
           (address_is_any(address) || route_is_local(address) != 0);
}

static int session_make_generators(struct session *session, struct failure *failure)
{
    const struct load_config *config = session->config;
    struct document *document = &session->document;

    document->seed = config->seed ? config->seed : schedule_seed();
    session->settings = (struct flow_settings){.config = config,
                                               .targets = session->targets,
                                               .sources = &session->sources,
                                               .rests = !load_is_open_loop(config)};
    session_settle_reuse(session);
    for (uint32_t i = 0; i < document->target_count; i++)
        session->settings.meets_itself[i] = session_meets_itself(session, &session->targets[i]);
    for (uint32_t i = 0; i < document->threads; i++) {
        session->generator_args[i] = (struct generator_args){
            .settings = &session->settings,
            .thread = i,
            .threads = document->threads,
            .seed = document->seed,
            .target_count = document->target_count,
            .flows_max = (uint32_t)session_share(session, document->connections, i),
            .count = session_share(session,
                                   config->options.count ? config->options.count : UINT64_MAX, i),
            .duration_ns = config->options.duration_ns
                               ? config->options.warmup_ns + config->options.duration_ns
                               : UINT64_MAX,
        };
        session->generators[i] = generator_new(&session->generator_args[i]);
        if (!session->generators[i])
            return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                               "cannot allocate: out of memory; use fewer threads");
    }
    return 0;
}

/* Check that each target has a source address. Returns 0, or -EINVAL with a failure. */
static int session_check_sources(const struct session *session, struct failure *failure)
{
    const struct sources *sources = &session->sources;

    for (uint32_t i = 0; i < session->document.target_count && sources->count > 0; i++) {
        bool is_ipv4 = session->targets[i].address.sa.sa_family == AF_INET;

        if ((is_ipv4 ? sources->ipv4_count : sources->ipv6_count) > 0)
            continue;
        return failure_set(failure, FAILURE_USAGE, -EINVAL,
                           "--source '%s' has no %s address to connect from to '%s'; add one",
                           session->config->options.source, is_ipv4 ? "IPv4" : "IPv6",
                           session->document.targets[i].name);
    }
    return 0;
}

/* Resolve and describe the targets. Returns 0, or -errno with a failure. */
static int session_find_targets(struct session *session, struct failure *failure)
{
    const struct load_config *config = session->config;
    struct document *document = &session->document;
    int count = targets_resolve(config, session->targets, failure);
    int result;

    if (count < 0)
        return count;
    if (document_init(document, (uint32_t)count) < 0)
        return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                           "cannot allocate: out of memory; use fewer targets");
    document->target_is_local = true;
    for (uint32_t i = 0; i < document->target_count; i++) {
        const struct address *address = &session->targets[i].address;
        struct document_target *target = &document->targets[i];

        target->family = address_family_name(address);
        target->weight = session->targets[i].weight;
        memcpy(target->host, session->targets[i].host, sizeof(target->host));
        address_format(address, target->name);
        route_device_read(address, &target->device);
        target->offloads = offloads_read(target->device.name);
        document->target_is_local = document->target_is_local && route_is_local(address) == 1;
    }
    result = sources_init(&session->sources, config->options.source, config->options.source_ports,
                          failure);
    return result < 0 ? result : session_check_sources(session, failure);
}

/* The log cannot be created: a path that is wrong, or a machine that is short of something. */
static int session_fail_hlog(const char *path, int error, struct failure *failure)
{
    char problem[OUTPUT_PROBLEM_BYTES];

    if (error == -ENOMEM || error == -ENOSPC || error == -EDQUOT || error == -EMFILE ||
        error == -ENFILE || error == -EIO)
        return failure_set(failure, FAILURE_SYSTEM, error, "--hlog '%s': cannot create: %s", path,
                           output_problem(error, problem));
    return failure_set(
        failure, FAILURE_USAGE, error,
        "--hlog '%s': cannot create: %s; give the path of a file that can be written", path,
        strerror(-error));
}

/* Prepare the recorder. Returns 0, or -errno with a failure. */
static int session_prepare_recorder(struct session *session, struct failure *failure)
{
    const struct load_config *config = session->config;
    int result;

    if (config->hlog) {
        result = hlog_open(config->hlog, &session->hlog);
        if (result < 0)
            return session_fail_hlog(config->hlog, result, failure);
    }
    session->recorder = recorder_new(&(struct recorder_args){
        .config = config,
        .document = &session->document,
        .generators = session->generators,
        .length_ns = session->generator_args[0].duration_ns,
        .hlog = session->hlog,
    });
    if (!session->recorder)
        return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                           "cannot allocate: out of memory; use fewer targets");
    return 0;
}

/* Start the workers. Returns 0, or -errno with a failure. */
static int session_start_workers(struct session *session, struct failure *failure)
{
    struct document *document = &session->document;
    void *states[CPUS_MAX];
    struct workers_args args = {
        .count = document->threads,
        .pins = session->config->cpus_request.how != CPUS_NONE,
        .engine = session->config->engine,
        .job = &generator_job,
        .states = states,
        .sockets_max = session->descriptors,
        .stop_timeout_ns = LOAD_STOP_NS,
        .notice = session_notice,
        .tick = session_tick,
        .context = session,
    };
    int result;

    for (uint32_t i = 0; i < document->threads; i++)
        states[i] = session->generators[i];
    result = workers_start(&args, &session->workers, failure->line);
    if (failure_classify(failure, FAILURE_SYSTEM, result) < 0)
        return result;
    snprintf(document->engine, sizeof(document->engine), "%s",
             workers_engine(session->workers)->name);
    document->engine_features = workers_engine_features(session->workers);
    snprintf(document->engine_reason, sizeof(document->engine_reason), "%s",
             workers_engine_reason(session->workers));
    return 0;
}

static int session_drive(struct session *session, struct failure *failure)
{
    uint64_t start_ns;
    int result = session_start_workers(session, failure);

    if (result < 0)
        return result;
    if (session->args.live_fd >= 0)
        session->live = live_begin(session->args.live_fd);
    start_ns = recorder_begin(session->recorder, session->workers, session->live);
    for (uint32_t i = 0; i < session->document.threads; i++)
        session->generator_args[i].start_ns = start_ns;
    workers_go(session->workers);
    result =
        failure_classify(failure, FAILURE_SYSTEM, workers_run(session->workers, failure->line));
    live_end(session->live);
    session->live = NULL;
    session->document.tracked_connections = tracked_connections("");
    recorder_finish(session->recorder);
    session_count_sockets(session);
    return result;
}

int session_perform(const struct session_args *args, struct session **ret_session,
                    struct failure *failure)
{
    const struct load_config *config = args->config;
    struct session *session = calloc(1, sizeof(*session));
    int result;

    *ret_session = NULL;
    if (!session)
        return failure_set(failure, FAILURE_SYSTEM, -ENOMEM,
                           "cannot allocate: out of memory; raise the memory limit");
    session->args = *args;
    session->config = config;
    snprintf(session->document.version, sizeof(session->document.version), "%s", HELLO_VERSION);
    session->document.options = config->options;
    machine_read(&session->document.machine);
    result = session_find_targets(session, failure);
    if (result == 0)
        result = session_size(session, failure);
    if (result == 0)
        result = session_make_generators(session, failure);
    if (result == 0)
        result = session_prepare_recorder(session, failure);
    if (result == 0 && signals_stops() == 0)
        result = session_drive(session, failure);
    if (session->document.engine[0] == '\0' && signals_stops() > 0)
        result = failure_set(failure, FAILURE_STOPPED, -ECANCELED,
                             "stopped by %s before the first connection", signals_stop_name());
    if (result < 0) {
        session_free(session);
        return result;
    }
    session->log_error = hlog_close(session->hlog);
    session->hlog = NULL;
    verdicts_find(&session->document);
    assertions_evaluate(&session->document, &config->assertions);
    *ret_session = session;
    return 0;
}

const struct document *session_document(const struct session *session)
{
    return &session->document;
}

int session_log_error(const struct session *session)
{
    return session->log_error;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    hlog_close(session->hlog);
    recorder_free(session->recorder);
    for (uint32_t i = 0; i < session->document.threads; i++)
        generator_free(session->generators[i]);
    document_release(&session->document);
    free(session);
}
