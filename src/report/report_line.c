/* The last line of a run, for programs. */
#include "base/units.h"
#include "report/figure.h"
#include "report/report.h"

#include <inttypes.h>

static double percentile_us(const struct histogram *histogram, double percentile)
{
    return (double)histogram_percentile(histogram, percentile) / (double)NS_PER_US;
}

void report_line(const struct report *report, FILE *out)
{
    const struct tally *tally = report->all.tally;
    const struct histogram *total = &tally->timings[TIMING_TOTAL];
    char rate[FIGURE_TEXT_BYTES];

    fprintf(out,
            "hello-load: done connections_per_s=%s started=%" PRIu64 " ok=%" PRIu64
            " failed=%" PRIu64,
            figure_plain_rate(report->all.connections_per_s, rate), tally->started, tally->ok,
            tally_failed(tally));
    for (int kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        fprintf(out, " %s=%" PRIu64, result_name((enum result)kind),
                tally_failed_as(tally, (enum result)kind));
    fprintf(out, " late=%" PRIu64 " dropped=%" PRIu64 " abandoned=%" PRIu64, tally->late,
            tally->dropped, tally->abandoned);
    fprintf(out, " p50_us=%.1f p99_us=%.1f max_us=%.1f", percentile_us(total, 50),
            percentile_us(total, 99), percentile_us(total, 100));
    fprintf(out, " close=%s seconds=%.3f\n",
            report->config->close == LOAD_CLOSE_RST ? "rst" : "fin", report->window_s);
}
