/* The results of one target, or of all together, as JSON. */
#include "result/document_write_target.h"

#include "base/fact.h"
#include "result/document_write_series.h"
#include "result/member.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *timing_json(const struct histogram *histogram, struct histogram_codec *codec)
{
    static const struct {
        const char *name;
        double percentile;
    } rows[] = {
        {"50", 50}, {"75", 75},     {"90", 90},       {"95", 95},
        {"99", 99}, {"99.9", 99.9}, {"99.99", 99.99},
    };
    bool has_values = histogram->count > 0;
    json_t *object = json_object();
    json_t *percentiles = json_object();
    const char *text = has_values ? histogram_encode(codec, histogram) : NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        member_put_number_if(has_values, &percentiles, rows[i].name,
                             histogram_percentile(histogram, rows[i].percentile));
    member_put_number(&object, "count", histogram->count);
    member_put_number_if(has_values, &object, "min_ns", histogram->min_ns);
    member_put_real(&object, "mean_ns", has_values ? histogram_mean(histogram) : (double)NAN);
    member_put_number_if(has_values, &object, "max_ns", histogram->max_ns);
    member_put_number(&object, "above_range", histogram->above);
    member_put_number(&object, "sum_ns", histogram->sum_ns);
    member_put(&object, "histogram",
               text         ? json_string(text)
               : has_values ? NULL /* without memory */
                            : json_null());
    member_put(&object, "percentiles_ns", percentiles);
    return object;
}

/* By the names of errno(3), and only those that occurred. */
static json_t *other_errors_json(const struct tally *tally)
{
    json_t *object = json_object();

    for (int error = 0; error < TALLY_ERRNO_MAX; error++) {
        char name[TALLY_ERRNO_NAME_BYTES];

        if (tally->other[error] > 0)
            member_put_number(&object, tally_errno_name(error, name), tally->other[error]);
    }
    return object;
}

/* A fact of a target that is on or off; null if unknown, and for all together. */
static void put_switch(json_t **object, const char *name, const struct document_target *target,
                       uint64_t fact)
{
    bool is_known = target->family != NULL && fact_is_number(fact);

    member_put(object, name, is_known ? json_boolean(fact != 0) : json_null());
}

json_t *document_write_wrong_answer(const struct document_target *target)
{
    const struct wrong_answer *wrong = &target->wrong_answer;

    if (wrong->bytes == 0)
        return json_null();
    json_t *object = json_object();
    member_put_number(&object, "at_ns", wrong->at_ns);
    member_put_number(&object, "offset_bytes", wrong->offset);
    member_put(&object, "got", member_of_bytes(wrong->data, wrong->bytes));
    return object;
}

/* The bytes that came are the start of the expected ones. */
static json_t *short_answer_json(const struct option_bytes *expect,
                                 const struct document_target *target)
{
    uint32_t bytes = target->short_answer.came_bytes;

    if (target->short_answer.at_ns == 0)
        return json_null();
    json_t *object = json_object();
    member_put_number(&object, "at_ns", target->short_answer.at_ns);
    member_put_number(&object, "expected_bytes", expect->bytes);
    member_put_number(&object, "came_bytes", bytes);
    member_put(&object, "got",
               member_of_bytes(expect->data,
                               bytes < WRONG_ANSWER_BYTES_MAX ? bytes : WRONG_ANSWER_BYTES_MAX));
    return object;
}

json_t *document_write_target(const struct document *document, const struct document_target *target,
                              struct histogram_codec *codec)
{
    const struct tally *tally = target->tally;
    json_t *object = json_object();
    json_t *errors = json_object();
    json_t *timings = json_object();

    for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
        member_put(&errors, phase_name((enum phase)phase),
                   document_write_failures(tally->failed[phase]));
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++)
        member_put(&timings, timing_name((enum timing)timing),
                   timing_json(&tally->timings[timing], codec));

    member_put_text(&object, "name", target->name);
    member_put_text(&object, "host", target->family != NULL ? target->host : NULL);
    member_put_text(&object, "family", target->family);
    member_put_fact(&object, "device", target->device.name);
    member_put_number_if(target->device.mtu_bytes != 0, &object, "mtu_bytes",
                         target->device.mtu_bytes);
    put_switch(&object, "gro", target, target->offloads.gro);
    put_switch(&object, "gso", target, target->offloads.gso);
    put_switch(&object, "tso", target, target->offloads.tso);
    member_put_number_if(target->family != NULL, &object, "weight", target->weight);
    member_put_real(&object, "connections_per_s", target->connections_per_s);
    member_put_number(&object, "started", tally->started);
    member_put_number(&object, "ok", tally->ok);
    member_put_number(&object, "ok_in_window", tally->ok_in_window);
    member_put_number(&object, "failed", tally_failed(tally));
    member_put_number(&object, "late", tally->late);
    member_put_number(&object, "dropped", tally->dropped);
    member_put_number(&object, "abandoned", tally->abandoned);
    member_put_number(&object, "warmup", tally->warmup);
    member_put(&object, "errors", errors);
    member_put(&object, "other_errors", other_errors_json(tally));
    member_put(&object, "wrong_answer", document_write_wrong_answer(target));
    member_put(&object, "short_answer", short_answer_json(&document->options.expect, target));
    member_put(&object, "timings", timings);
    return object;
}
