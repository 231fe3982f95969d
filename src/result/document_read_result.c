#include "result/document_read_result.h"

#include "base/fact.h"
#include "result/histogram_codec.h"
#include "result/series_field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void failures_read(struct document_reader *reader, json_t *object,
                          uint64_t failed[RESULT_COUNT])
{
    for (unsigned kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        failed[kind] = reader_number(reader, object, result_name((enum result)kind));
}

/* The errno that goes by this name in a tally, or -1. */
static int errno_of(const char *name)
{
    char known[TALLY_ERRNO_NAME_BYTES];

    for (int error = 0; error < TALLY_ERRNO_MAX; error++) {
        if (strcmp(tally_errno_name(error, known), name) == 0)
            return error;
    }
    return -1;
}

static void other_errors_read(struct document_reader *reader, json_t *object, struct tally *tally)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        int error = errno_of(name);

        if (error < 0)
            reader_fail(reader, name, "is not the name of an error");
        else
            tally->other[error] = reader_number(reader, object, name);
    }
}

static void timing_read(struct document_reader *reader, json_t *object, struct histogram *histogram)
{
    const char *text = reader_text(reader, object, "histogram");
    uint64_t count = reader_number(reader, object, "count");
    int result = text ? histogram_decode(reader->codec, text, histogram) : 0;
    uint32_t lowest, highest;

    if (result == -ENOMEM && reader->error == 0)
        reader->error = result;
    if (result < 0)
        reader_fail(reader, "histogram",
                    "is not HdrHistogram's V2 encoding with 3 digits and lowest value 1");
    if (histogram->count != count)
        reader_fail(reader, "histogram", "does not hold as many values as 'count' says");
    if (count == 0)
        return;
    lowest = histogram_bucket(histogram->min_ns);
    highest = histogram_bucket(histogram->max_ns);
    histogram->min_ns = reader_number(reader, object, "min_ns");
    histogram->max_ns = reader_number(reader, object, "max_ns");
    if (histogram_bucket(histogram->min_ns) != lowest ||
        histogram_bucket(histogram->max_ns) != highest)
        reader_fail(reader, "histogram", "does not contain its minimum and maximum");
    histogram->sum_ns = reader_number(reader, object, "sum_ns");
    histogram->above = reader_number(reader, object, "above_range");
}

static void tally_read(struct document_reader *reader, json_t *object, struct tally *tally)
{
    json_t *errors = reader_object(reader, object, "errors");
    json_t *timings = reader_object(reader, object, "timings");

    tally->started = reader_number(reader, object, "started");
    tally->ok = reader_number(reader, object, "ok");
    tally->ok_in_window = reader_number(reader, object, "ok_in_window");
    tally->late = reader_number(reader, object, "late");
    tally->dropped = reader_number(reader, object, "dropped");
    tally->abandoned = reader_number(reader, object, "abandoned");
    tally->warmup = reader_number(reader, object, "warmup");
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
        failures_read(reader, reader_object(reader, errors, phase_name((enum phase)phase)),
                      tally->failed[phase]);
    other_errors_read(reader, reader_object(reader, object, "other_errors"), tally);
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++)
        timing_read(reader, reader_object(reader, timings, timing_name((enum timing)timing)),
                    &tally->timings[timing]);
}

/* A fact that is on, off or null. */
static uint64_t switch_read(struct document_reader *reader, json_t *object, const char *name)
{
    if (json_is_null(json_object_get(object, name)))
        return FACT_UNKNOWN;
    return reader_truth(reader, object, name);
}

static void offloads_read_back(struct document_reader *reader, json_t *object,
                               struct offloads *offloads)
{
    offloads->gro = switch_read(reader, object, "gro");
    offloads->gso = switch_read(reader, object, "gso");
    offloads->tso = switch_read(reader, object, "tso");
}

static void answers_read(struct document_reader *reader, json_t *object,
                         struct document_target *target)
{
    json_t *wrong = reader_object_or_null(reader, object, "wrong_answer");
    json_t *ended = reader_object_or_null(reader, object, "short_answer");

    if (wrong) {
        target->wrong_answer.at_ns = reader_number(reader, wrong, "at_ns");
        target->wrong_answer.offset = (uint32_t)reader_number(reader, wrong, "offset_bytes");
        target->wrong_answer.bytes = (uint32_t)reader_bytes(
            reader, wrong, "got", target->wrong_answer.data, sizeof(target->wrong_answer.data));
    }
    if (ended) {
        target->short_answer.at_ns = reader_number(reader, ended, "at_ns");
        target->short_answer.came_bytes = (uint32_t)reader_number(reader, ended, "came_bytes");
    }
}

/* `all`: all targets together, without host, family and weight. */
static void target_read(struct document_reader *reader, json_t *object,
                        struct document_target *target, struct tally *tally, bool all)
{
    static const char *const families[] = {"ipv4", "ipv6", NULL};

    if (!all) {
        target->family = families[reader_choice(reader, object, "family", families)];
        target->weight = (uint32_t)reader_number(reader, object, "weight");
        reader_copy(reader, object, "host", target->host, sizeof(target->host));
    }
    reader_copy(reader, object, "name", target->name, sizeof(target->name));
    reader_copy(reader, object, "device", target->device.name, sizeof(target->device.name));
    target->device.mtu_bytes = (uint32_t)reader_number_or(reader, object, "mtu_bytes", 0);
    offloads_read_back(reader, object, &target->offloads);
    target->connections_per_s = reader_real(reader, object, "connections_per_s");
    answers_read(reader, object, target);
    tally_read(reader, object, tally);
}

void document_read_result(struct document_reader *reader, json_t *object, struct document *document)
{
    json_t *targets = reader_array(reader, object, "targets");
    size_t count = json_array_size(targets);

    if (count == 0 || count > TARGETS_MAX)
        reader_fail(reader, "targets", "has none, or too many");
    if (reader->error < 0)
        return;
    reader->error = document_init(document, (uint32_t)count);
    for (uint32_t i = 0; i < count && reader->error == 0; i++)
        target_read(reader, json_array_get(targets, i), &document->targets[i],
                    &document->tallies[i], false);
    if (reader->error < 0)
        return;
    target_read(reader, reader_object(reader, object, "all"), &document->all,
                &document->tallies[count], true);
}

void document_read_usage(struct document_reader *reader, json_t *object, struct usage *usage)
{
    usage->time_ns = reader_number(reader, object, "length_ns");
    for (size_t i = 0; i < USAGE_FIELDS; i++)
        *series_field_places(usage, &usage_fields[i]) =
            reader_number_or(reader, object, usage_fields[i].name, FACT_UNKNOWN);
}

static void point_read(struct document_reader *reader, json_t *object, struct document_point *point)
{
    json_t *timings = reader_object(reader, object, "timings");

    for (size_t i = 0; i < COUNT_FIELDS; i++)
        *series_field_places(point, &count_fields[i]) =
            reader_number(reader, object, count_fields[i].name);
    failures_read(reader, reader_object(reader, object, "errors"), point->failed_as);
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++) {
        json_t *span = reader_object(reader, timings, timing_name((enum timing)timing));

        for (size_t i = 0; i < SPAN_FIELDS; i++)
            series_field_places(point, &span_fields[i])[timing] =
                reader_number_or(reader, span, span_fields[i].name, 0);
    }
}

static void interval_read(struct document_reader *reader, json_t *object,
                          const struct document *document, struct document_interval *interval)
{
    json_t *stalls = reader_object(reader, object, "stalls");
    json_t *targets = reader_array(reader, object, "targets");

    if (json_array_size(targets) != document->target_count)
        reader_fail(reader, "targets", "does not have as many members as the result");
    interval->start_ns = reader_number(reader, object, "start_ns");
    interval->length_ns = reader_number(reader, object, "length_ns");
    interval->warmup = reader_truth(reader, object, "warmup");
    interval->in_flight = reader_number(reader, object, "in_flight");
    interval->stalls = reader_number(reader, stalls, "count");
    interval->stalled_ns = reader_number(reader, stalls, "total_ns");
    interval->longest_stall_ns = reader_number(reader, stalls, "longest_ns");
    point_read(reader, reader_object(reader, object, "all"), &interval->all);
    for (uint32_t i = 0; i < document->target_count && reader->error == 0; i++)
        point_read(reader, json_array_get(targets, i), &interval->targets[i]);
    document_read_usage(reader, reader_object(reader, object, "usage"), &interval->usage);
}

void document_read_series(struct document_reader *reader, json_t *object, struct document *document)
{
    json_t *intervals = reader_array(reader, object, "intervals");
    size_t count = json_array_size(intervals);

    document->intervals_cut = reader_truth(reader, object, "cut");
    if (reader->error < 0)
        return;
    document->intervals = calloc(count + 1, sizeof(*document->intervals));
    for (size_t i = 0; i < count && document->intervals && reader->error == 0; i++) {
        struct document_interval *interval = &document->intervals[i];

        interval->targets = calloc(document->target_count, sizeof(*interval->targets));
        if (!interval->targets)
            break;
        document->interval_count++;
        interval_read(reader, json_array_get(intervals, i), document, interval);
    }
    if (reader->error == 0 && document->interval_count != count)
        reader->error = -ENOMEM;
}
