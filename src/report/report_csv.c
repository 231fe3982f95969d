/* The time series as comma-separated values (RFC 4180, so lines end with CR LF): one line for each
 * interval and target, and one for all targets together if there are several. Values of the whole
 * machine appear once for each interval, in the line of all targets. A cell is empty if there was
 * nothing to time, or if it is not known. */
#include "base/fact.h"
#include "base/time_utc.h"
#include "base/units.h"
#include "report/figure.h"
#include "report/report.h"
#include "result/series_field.h"

#include <inttypes.h>
#include <string.h>

/* A cell is quoted only if necessary. */
static void text_write(const char *text, FILE *out)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void seconds_write(uint64_t ns, FILE *out)
{
    fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);
}

/* An unknown fact is an empty cell. */
static void number_write(uint64_t number, FILE *out)
{
    if (number == FACT_UNKNOWN)
        fputc(',', out);
    else
        fprintf(out, ",%" PRIu64, number);
}

static void names_write(FILE *out)
{
    fputs("time_s,time_utc,length_s,target,family,warmup", out);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        fprintf(out, ",%s", count_fields[i].name);
    for (unsigned kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        fprintf(out, ",failed_%s", result_name((enum result)kind));
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++) {
        for (size_t i = 0; i < SPAN_FIELDS; i++)
            fprintf(out, ",%s_%s", timing_name((enum timing)timing), span_fields[i].name);
    }
    fputs(",in_flight", out);
    for (size_t i = 0; i < USAGE_FIELDS; i++)
        fprintf(out, ",%s", usage_fields[i].name);
    fputs(",stalls,stalled_ns,longest_stall_ns\r\n", out);
}

static void point_write(const struct document *document, const struct document_point *point,
                        FILE *out)
{
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        number_write(*series_field_values(point, &count_fields[i]), out);
    for (unsigned kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        number_write(point->failed_as[kind], out);
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++) {
        bool has_values = document_point_has(document, point, (enum timing)timing);

        for (size_t i = 0; i < SPAN_FIELDS; i++) {
            if (has_values)
                number_write(series_field_values(point, &span_fields[i])[timing], out);
            else
                fputc(',', out);
        }
    }
}

/* The values of the whole machine; empty cells if they are in another line. */
static void machine_write(const struct document_interval *interval, bool is_here, FILE *out)
{
    number_write(is_here ? interval->in_flight : FACT_UNKNOWN, out);
    for (size_t i = 0; i < USAGE_FIELDS; i++)
        number_write(
            is_here ? *series_field_values(&interval->usage, &usage_fields[i]) : FACT_UNKNOWN, out);
    number_write(is_here ? interval->stalls : FACT_UNKNOWN, out);
    number_write(is_here ? interval->stalled_ns : FACT_UNKNOWN, out);
    number_write(is_here ? interval->longest_stall_ns : FACT_UNKNOWN, out);
}

static void row_write(const struct document *document, const struct document_interval *interval,
                      const struct document_target *target, const struct document_point *point,
                      FILE *out)
{
    char time_utc[TIME_UTC_BYTES];

    seconds_write(interval->start_ns, out);
    fprintf(out, ",%s,", time_utc_format(document->unix_start_ns + interval->start_ns, time_utc));
    seconds_write(interval->length_ns, out);
    fputc(',', out);
    text_write(target->name, out);
    fprintf(out, ",%s,%d", target->family != NULL ? target->family : "", interval->warmup);
    point_write(document, point, out);
    machine_write(interval, target->family == NULL || document->target_count == 1, out);
    fputs("\r\n", out);
}

void report_csv(const struct document *document, FILE *out)
{
    names_write(out);
    for (uint64_t i = 0; i < document->interval_count; i++) {
        const struct document_interval *interval = &document->intervals[i];

        for (uint32_t k = 0; k < document->target_count; k++)
            row_write(document, interval, &document->targets[k], &interval->targets[k], out);
        if (document->target_count > 1)
            row_write(document, interval, &document->all, &interval->all, out);
    }
}
