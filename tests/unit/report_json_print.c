/* Prints the report of a sample as JSON or CSV, for tests that are not written in C.
 * Usage: report_json_print NAME, where NAME is a row of `samples` below; without one, their names.
 */
#include "base/fact.h"
#include "report_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void is_healthy(struct report_sample *sample)
{
    (void)sample;
}

static void has_all(struct report_sample *sample)
{
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    report_sample_troubles(sample);
    report_sample_wrong_answer(sample, 0, 1, 4, "moin");
    report_sample_short_answer(sample, 0, 1, 0);
    report_sample_verdicts(sample);
    report_sample_assertions(sample);
    sample->config.connect_timeout_ns = 1000000000;
    sample->config.source = "127.0.0.0/28,::1";
    sample->config.source_ports = (struct option_ports){20000, 29999};
    sample->config.proxy_protocol = LOAD_PROXY_V2;
    sample->config.send = (struct option_bytes){.bytes = 3, .data = "\0\xff\n"};
    sample->report.intervals_cut = true;
}

/* What comes from the command line is any bytes. */
static void has_odd_bytes(struct report_sample *sample)
{
    snprintf(sample->targets[0].host, sizeof(sample->targets[0].host), "caf\xe9 \"\\\x1b[1m,\n");
    sample->config.targets.items[0] = "caf\xc3\xa9 \"\\\x1b[1m,\n";
    sample->config.source = "\xff\xfe";
    snprintf(sample->report.lanes[1].name, sizeof(sample->report.lanes[1].name),
             "\"quoted\", with\r\na line break");
}

/* Nothing was measured, and nothing is known of the machine. */
static void is_empty(struct report_sample *sample)
{
    static const struct report_interval nothing;
    struct report *report = &sample->report;

    memset(sample->tallies, 0, sizeof(sample->tallies));
    memset(&sample->all, 0, sizeof(sample->all));
    report->machine = (struct machine){
        .quota_us = FACT_UNKNOWN, .memory_bytes = FACT_UNKNOWN, .memory_limit_bytes = FACT_UNKNOWN};
    report->tracked_connections = FACT_UNKNOWN;
    report->engine_features = 0;
    report->lanes[0].offloads = (struct offloads){FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN};
    sample->config.expect = (struct option_bytes){.any = true};
    report->window_s = 0;
    report->all.connections_per_s = 0.0 / report->window_s;
    report->lanes[0].connections_per_s = 1 / report->window_s;
    report->interval_count = 1;
    sample->intervals[0] = nothing;
    sample->intervals[0].lanes = sample->points[0];
    sample->intervals[0].usage = usage_unknown();
    sample->intervals[0].usage.time_ns = sample->intervals[0].usage.process_ns = 0;
    report->usage = sample->intervals[0].usage;
    for (uint32_t i = 0; i < report->threads; i++)
        report->thread[i] = (struct thread_use){.cpu = -1,
                                                .softirq = (double)NAN,
                                                .others = (double)NAN,
                                                .idle = (double)NAN,
                                                .steal = (double)NAN,
                                                .waited = (double)NAN};
}

static const struct {
    const char *name;
    uint32_t lane_count;
    void (*change)(struct report_sample *sample);
} samples[] = {
    {"one_lane", 1, is_healthy},
    {"families", 2, is_healthy},
    {"open_loop", 2, report_sample_open_loop},
    {"failures", 5, report_sample_failures},
    {"cut_short", 1, report_sample_cut_short},
    {"odd_bytes", 2, has_odd_bytes},
    {"empty", 1, is_empty},
    {"all", 5, has_all},
};

int main(int argc, char *argv[])
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        if (argc < 2) {
            puts(samples[i].name);
        } else if (strcmp(argv[1], samples[i].name) == 0) {
            struct report_sample *sample = report_sample_new(samples[i].lane_count);
            int result = 0;

            samples[i].change(sample);
            if (argc > 2)
                report_csv(&sample->report, stdout);
            else
                result = report_json(&sample->report, stdout);
            report_sample_free(sample);
            return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return argc < 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
