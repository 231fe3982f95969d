#include "result/document_write_series.h"

#include "base/fact.h"
#include "result/member.h"
#include "result/series_field.h"

#include <errno.h>

json_t *document_write_usage(const struct usage *usage)
{
    json_t *object = json_object();

    member_put_number(&object, "length_ns", usage->time_ns);
    for (size_t i = 0; i < USAGE_FIELDS; i++) {
        uint64_t value = *series_field_values(usage, &usage_fields[i]);

        member_put_number_if(fact_is_number(value), &object, usage_fields[i].name, value);
    }
    return object;
}

json_t *document_write_failures(const uint64_t failed[RESULT_COUNT])
{
    json_t *object = json_object();

    for (unsigned kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        member_put_number(&object, result_name((enum result)kind), failed[kind]);
    return object;
}

static json_t *span_json(const struct document *document, const struct document_point *point,
                         enum timing timing)
{
    bool has_values = document_point_has(document, point, timing);
    json_t *object = json_object();

    for (size_t i = 0; i < SPAN_FIELDS; i++)
        member_put_number_if(has_values, &object, span_fields[i].name,
                             series_field_values(point, &span_fields[i])[timing]);
    return object;
}

static json_t *point_json(const struct document *document, const struct document_point *point,
                          const char *name)
{
    json_t *object = json_object();
    json_t *timings = json_object();

    for (unsigned timing = 0; timing < TIMING_COUNT; timing++)
        member_put(&timings, timing_name((enum timing)timing),
                   span_json(document, point, (enum timing)timing));
    member_put_text(&object, "name", name);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        member_put_number(&object, count_fields[i].name,
                          *series_field_values(point, &count_fields[i]));
    member_put(&object, "errors", document_write_failures(point->failed_as));
    member_put(&object, "timings", timings);
    return object;
}

static json_t *interval_json(const struct document *document,
                             const struct document_interval *interval)
{
    json_t *object = json_object();
    json_t *targets = json_array();
    json_t *stalls = json_object();

    for (uint32_t i = 0; i < document->target_count; i++)
        element_put(&targets,
                    point_json(document, &interval->targets[i], document->targets[i].name));
    member_put_number(&stalls, "count", interval->stalls);
    member_put_number(&stalls, "total_ns", interval->stalled_ns);
    member_put_number(&stalls, "longest_ns", interval->longest_stall_ns);

    member_put_number(&object, "start_ns", interval->start_ns);
    member_put_number(&object, "length_ns", interval->length_ns);
    member_put(&object, "warmup", json_boolean(interval->warmup));
    member_put(&object, "all", point_json(document, &interval->all, document->all.name));
    member_put(&object, "targets", targets);
    member_put_number(&object, "in_flight", interval->in_flight);
    member_put(&object, "usage", document_write_usage(&interval->usage));
    member_put(&object, "stalls", stalls);
    return object;
}

int document_write_series(const struct document *document, FILE *out)
{
    int result = 0;

    fprintf(out, "{\n  \"cut\": %s,\n  \"intervals\": [",
            document->intervals_cut ? "true" : "false");
    for (uint64_t i = 0; i < document->interval_count && result == 0; i++) {
        json_t *interval = interval_json(document, &document->intervals[i]);

        fputs(i > 0 ? ",\n   " : "\n   ", out);
        if (interval == NULL)
            result = -ENOMEM;
        else if (json_dumpf(interval, out, JSON_COMPACT) < 0)
            result = errno != 0 ? -errno : -EIO;
        json_decref(interval);
    }
    fputs("\n  ]\n }", out);
    return result;
}
