/* The last line of a run, for programs. */
#include "base/units.h"
#include "report/figure.h"
#include "report/report.h"

#include <inttypes.h>

static double percentile_us(const struct histogram *histogram, double percentile)
{
    return (double)histogram_percentile(histogram, percentile) / (double)NS_PER_US;
}

/* One of the counts. */
static void count_write(FILE *out, bool whole, const char *name, uint64_t count)
{
    if (whole || count > 0)
        fprintf(out, " %s=%" PRIu64, name, count);
}

void report_line(const struct document *document, FILE *out, bool whole)
{
    const struct tally *tally = document->all.tally;
    const struct histogram *total = &tally->timings[TIMING_TOTAL];
    char rate[FIGURE_TEXT_BYTES];

    fprintf(out,
            "hello-load: done connections_per_s=%s started=%" PRIu64 " ok=%" PRIu64
            " failed=%" PRIu64,
            figure_plain_rate(document->all.connections_per_s, rate), tally->started, tally->ok,
            tally_failed(tally));
    for (int kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        count_write(out, whole, result_name((enum result)kind),
                    tally_failed_as(tally, (enum result)kind));
    count_write(out, whole, "late", tally->late);
    count_write(out, whole, "dropped", tally->dropped);
    count_write(out, whole, "abandoned", tally->abandoned);
    fprintf(out, " p50_us=%.1f p99_us=%.1f max_us=%.1f", percentile_us(total, 50),
            percentile_us(total, 99), percentile_us(total, 100));
    fprintf(out, " limit=%s cut=%d close=%s seconds=%.3f\n", document_limit_name(document->limit),
            document->cut_short, document->options.close == LOAD_CLOSE_RST ? "rst" : "fin",
            document->window_s);
}
