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
    report_sample_all(sample);
    report_sample_wrong_answer(sample, 0, 1, 4, "moin");
    report_sample_short_answer(sample, 0, 1, 0);
}

/* Texts from the command line may have any bytes. */
static void has_odd_bytes(struct report_sample *sample)
{
    snprintf(sample->document.targets[0].host, sizeof(sample->document.targets[0].host),
             "caf\xe9 \"\\\x1b[1m,\n");
    sample->document.options.targets.items[0] = "caf\xc3\xa9 \"\\\x1b[1m,\n";
    sample->document.options.source = "\xff\xfe";
    snprintf(sample->document.targets[1].name, sizeof(sample->document.targets[1].name),
             "\"quoted\", with\r\na line break");
}

/* Nothing was measured, and nothing is known about the machine. */
static void is_empty(struct report_sample *sample)
{
    static const struct document_interval nothing;
    struct document *document = &sample->document;

    memset(sample->tallies, 0, sizeof(sample->tallies));
    memset(&sample->all, 0, sizeof(sample->all));
    document->machine = (struct machine){
        .quota_us = FACT_UNKNOWN, .memory_bytes = FACT_UNKNOWN, .memory_limit_bytes = FACT_UNKNOWN};
    document->tracked_connections = FACT_UNKNOWN;
    document->engine_features = 0;
    document->targets[0].offloads = (struct offloads){FACT_UNKNOWN, FACT_UNKNOWN, FACT_UNKNOWN};
    document->options.expect = (struct option_bytes){.any = true};
    document->window_s = 0;
    document->all.connections_per_s = 0.0 / document->window_s;
    document->targets[0].connections_per_s = 1 / document->window_s;
    document->interval_count = 1;
    sample->intervals[0] = nothing;
    sample->intervals[0].targets = sample->points[0];
    sample->intervals[0].usage = usage_unknown();
    sample->intervals[0].usage.time_ns = sample->intervals[0].usage.process_ns = 0;
    document->usage = sample->intervals[0].usage;
    for (uint32_t i = 0; i < document->threads; i++)
        document->thread[i] = (struct thread_use){.cpu = -1,
                                                  .softirq = (double)NAN,
                                                  .others = (double)NAN,
                                                  .idle = (double)NAN,
                                                  .steal = (double)NAN,
                                                  .waited = (double)NAN};
}

static const struct {
    const char *name;
    uint32_t target_count;
    void (*change)(struct report_sample *sample);
} samples[] = {
    {"one_target", 1, is_healthy},
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
            struct report_sample *sample = report_sample_new(samples[i].target_count);
            int result = 0;

            samples[i].change(sample);
            if (argc > 2)
                report_csv(&sample->document, stdout);
            else
                result = document_write(&sample->document, stdout);
            report_sample_free(sample);
            return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return argc < 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
