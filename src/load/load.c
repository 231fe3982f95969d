#include "load/load.h"

#include "base/cpus.h"
#include "base/units.h"
#include "load/flow.h"
#include "load/generator.h"
#include "net/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(OPTION_ERROR_BYTES <= CREW_ERROR_BYTES, "one buffer takes every error");

struct load {
    struct load_config *config;
    struct flow_settings settings;
    uint32_t count; /* of threads, and so of each array below */
    uint32_t descriptors;
    struct generator_args generator_args[CPUS_MAX];
    void *generators[CPUS_MAX]; /* struct generator */
};

static void load_notice(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s: %s\n", load_options.program, line);
}

/* The share of thread i out of all: as even as can be. */
static uint64_t load_share(const struct load *load, uint64_t total, uint32_t i)
{
    if (total == UINT64_MAX)
        return total;
    return total / load->count + (i < total % load->count);
}

static int load_prepare(struct load *load, char error[CREW_ERROR_BYTES])
{
    struct load_config *config = load->config;
    struct cpus cpus;
    int64_t descriptors = limits_raise_descriptors();
    uint64_t needed;

    if (cpus_read(&cpus) < 0)
        cpus.count = 1;
    load->count = (uint32_t)(config->threads ? config->threads : cpus.count);
    if (load->count > config->connections)
        load->count = (uint32_t)config->connections;
    needed = config->connections + limits_descriptors_reserved(load->count);
    if (descriptors < 0 || (uint64_t)descriptors < needed) {
        snprintf(error, CREW_ERROR_BYTES,
                 "--connections '%" PRIu64 "' needs %" PRIu64
                 " descriptors, but the hard limit is %" PRId64 "; raise it (ulimit -Hn)",
                 config->connections, needed, descriptors);
        return -EMFILE;
    }
    load->descriptors = (uint32_t)descriptors;
    load->settings.expect = config->expect.data;
    load->settings.expect_bytes = config->expect.bytes;
    load->settings.timeout_ns = config->timeout_ns;
    for (uint32_t i = 0; i < load->count; i++) {
        load->generator_args[i] = (struct generator_args){
            .flows_max = (uint32_t)load_share(load, config->connections, i),
            .count = load_share(load, config->count ? config->count : UINT64_MAX, i),
            .duration_ns = config->duration_ns ? config->duration_ns : UINT64_MAX,
            .settings = &load->settings,
        };
        load->generators[i] = generator_new(&load->generator_args[i]);
        if (!load->generators[i]) {
            snprintf(error, CREW_ERROR_BYTES, "cannot allocate: out of memory");
            return -ENOMEM;
        }
    }
    return 0;
}

static void load_report_fill(const struct load *load, struct load_report *report)
{
    struct result_counts *counts = &report->counts;

    *counts = (struct result_counts){.first_start_ns = UINT64_MAX};
    for (uint32_t i = 0; i < load->count; i++)
        result_counts_add(counts, generator_counts(load->generators[i]));
    if (counts->last_end_ns > counts->first_start_ns) {
        report->seconds = (double)(counts->last_end_ns - counts->first_start_ns) / (double)NS_PER_S;
        report->connections_per_s = (double)counts->results[RESULT_OK] / report->seconds;
    }
}

static int load_drive(struct load *load, struct load_report *report, char error[CREW_ERROR_BYTES])
{
    struct crew_args args = {
        .count = load->count,
        .engine = load->config->engine,
        .job = &generator_job,
        .states = load->generators,
        .sockets_max = load->descriptors,
        .stop_timeout_ns = load->config->timeout_ns,
        .notice = load_notice,
        .context = load,
    };
    struct crew *crew;
    int result;

    crew_block_signals();
    result = crew_start(&args, &crew, error);
    if (result < 0)
        return result == -EINVAL ? -ENOSYS : result; /* an old kernel is not wrong usage */
    *report = (struct load_report){
        .target = load->settings.target, .engine = crew_engine(crew)->name, .threads = load->count};
    crew_go(crew);
    result = crew_run(crew, error);
    load_report_fill(load, report);
    return result;
}

int load_run(struct load_config *config, struct load_report *ret_report,
             char error[CREW_ERROR_BYTES])
{
    struct load *load = calloc(1, sizeof(*load));
    int result = -ENOMEM;

    if (!load) {
        snprintf(error, CREW_ERROR_BYTES, "cannot allocate: out of memory");
        return result;
    }
    load->config = config;
    result = load_config_resolve(config, &load->settings.target, error);
    if (result == 0)
        result = load_prepare(load, error);
    if (result == 0)
        result = load_drive(load, ret_report, error);
    for (uint32_t i = 0; i < load->count; i++)
        free(load->generators[i]);
    free(load);
    return result;
}

static void print_for_people(const struct load_report *report)
{
    const struct result_counts *counts = &report->counts;
    char text[ADDRESS_TEXT_BYTES];

    printf("%s  %s, engine %s, %u thread%s\n", address_format(&report->target, text),
           address_family_name(&report->target), report->engine, report->threads,
           report->threads == 1 ? "" : "s");
    printf("  %.0f connections/s: %" PRIu64 " of %" PRIu64 " ok in %.2f s\n",
           report->connections_per_s, counts->results[RESULT_OK], counts->started, report->seconds);
    for (enum result i = RESULT_OK + 1; i < RESULT_COUNT; i++) {
        if (counts->results[i] > 0)
            printf("  %" PRIu64 " failed: %s%s%s\n", counts->results[i], result_name(i),
                   i == RESULT_OTHER ? ": " : "",
                   i == RESULT_OTHER ? strerror(counts->other_error) : "");
    }
}

void load_report_print(const struct load_report *report, bool quiet)
{
    const struct result_counts *counts = &report->counts;

    if (!quiet)
        print_for_people(report);
    printf("%s: done connections_per_s=%.1f started=%" PRIu64, load_options.program,
           report->connections_per_s, counts->started);
    for (enum result i = 0; i < RESULT_COUNT; i++)
        printf(" %s=%" PRIu64, result_name(i), counts->results[i]);
    printf(" seconds=%.3f\n", report->seconds);
}
