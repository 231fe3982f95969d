/* The document as JSON: each function writes one object, which document_read.c reads back.
 * document.schema.json explains the members. */
#include "base/fact.h"
#include "base/units.h"
#include "engine/engine_feature.h"
#include "result/answers.h"
#include "result/document.h"
#include "result/document_write_series.h"
#include "result/document_write_target.h"
#include "result/histogram_codec.h"
#include "result/member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT (JSON_INDENT(1) | JSON_REAL_PRECISION(15))

static json_t *program_json(const struct document *document)
{
    json_t *object = json_object();

    member_put_text(&object, "name", "hello-load");
    member_put_text(&object, "version", document->version);
    return object;
}

static json_t *texts_json(const struct option_texts *texts)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < texts->count; i++)
        element_put(&array, member_of_text(texts->items[i]));
    return array;
}

static json_t *ports_json(struct option_ports ports)
{
    if (ports.low == 0)
        return json_null();
    json_t *object = json_object();
    member_put_number(&object, "low", ports.low);
    member_put_number(&object, "high", ports.high);
    return object;
}

static json_t *options_json(const struct document *document)
{
    const struct result_options *options = &document->options;
    const struct option_bytes *expect = &options->expect;
    json_t *object = json_object();

    member_put_number(&object, "connections", document->connections);
    member_put_number(&object, "threads", document->threads);
    member_put_text(&object, "cpus", options->cpus);
    if (document_is_open_loop(document)) {
        member_put_number(&object, "rate_starts", options->rate.starts);
        member_put_number(&object, "rate_period_ns", options->rate.period_ns);
        member_put_real(&object, "rate_per_s",
                        (double)options->rate.starts * (double)NS_PER_S /
                            (double)options->rate.period_ns);
        member_put_text(&object, "arrivals", load_arrivals_choices[options->arrivals]);
    } else {
        member_put(&object, "rate_starts", json_null());
        member_put(&object, "rate_period_ns", json_null());
        member_put(&object, "rate_per_s", json_null());
        member_put(&object, "arrivals", json_null());
    }
    member_put_number_if(document_is_open_loop(document) && options->arrivals == LOAD_POISSON,
                         &object, "seed", document->seed);
    member_put_number_if(options->duration_ns != 0, &object, "duration_ns", options->duration_ns);
    member_put_number_if(options->count != 0, &object, "count", options->count);
    member_put_number(&object, "warmup_ns", options->warmup_ns);
    member_put_number(&object, "ramp_ns", options->ramp_ns);
    member_put_text(&object, "family", load_family_choices[options->family]);
    member_put_text(&object, "source", options->source);
    member_put(&object, "source_ports", ports_json(options->source_ports));
    member_put_text(&object, "close", load_close_choices[options->close]);
    member_put_text(&object, "reuse_sockets", load_reuse_choices[options->reuse_sockets]);
    member_put_text(&object, "proxy_protocol", load_proxy_choices[options->proxy_protocol]);
    member_put(&object, "send", member_of_bytes(options->send.data, options->send.bytes));
    member_put(&object, "expect",
               expect->any ? json_null() : member_of_bytes(expect->data, expect->bytes));
    member_put_number_if(options->connect_timeout_ns != 0, &object, "connect_timeout_ns",
                         options->connect_timeout_ns);
    member_put_number(&object, "timeout_ns", options->timeout_ns);
    return object;
}

static json_t *sockets_json(const struct document_sockets *sockets)
{
    json_t *object = json_object();

    member_put_number(&object, "opened", sockets->opened);
    member_put_number(&object, "reused", sockets->reused);
    member_put_fact(&object, "refusal", sockets->refusal);
    return object;
}

static json_t *engine_features_json(unsigned features)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < ENGINE_FEATURE_COUNT; i++) {
        if (features & 1u << i)
            element_put(&array, member_of_text(engine_feature_name(i)));
    }
    return array;
}

static json_t *run_json(const struct document *document)
{
    json_t *object = json_object();

    member_put_time(&object, "start", document->unix_start_ns);
    member_put(&object, "targets", texts_json(&document->options.targets));
    member_put(&object, "target_is_local", json_boolean(document->target_is_local));
    member_put_text(&object, "engine", document->engine);
    member_put_text(&object, "engine_reason", document->engine_reason);
    member_put(&object, "engine_features", engine_features_json(document->engine_features));
    member_put(&object, "sockets", sockets_json(&document->sockets));
    member_put(&object, "cut_short", json_boolean(document->cut_short));
    member_put_text(&object, "limit", document_limit_name(document->limit));
    member_put_real(&object, "warmup_s", document->warmup_s);
    member_put_real(&object, "window_s", document->window_s);
    member_put_real(&object, "rate_s", document->rate_s);
    member_put_real(&object, "elapsed_s", document->elapsed_s);
    member_put(&object, "options", options_json(document));
    return object;
}

static json_t *result_json(const struct document *document)
{
    struct histogram_codec *codec = malloc(sizeof(*codec));
    json_t *object = codec ? json_object() : NULL;
    json_t *targets = json_array();
    const struct document_target *wrong = answers_first_wrong(document);

    for (uint32_t i = 0; i < document->target_count && codec; i++)
        element_put(&targets, document_write_target(document, &document->targets[i], codec));
    if (codec)
        member_put(&object, "all", document_write_target(document, &document->all, codec));
    member_put(&object, "wrong_answer",
               document_write_wrong_answer(wrong ? wrong : &document->all));
    member_put(&object, "targets", targets);
    free(codec);
    return object;
}

static json_t *machine_json(const struct document *document)
{
    const struct machine *machine = &document->machine;
    bool has_quota = fact_is_number(machine->quota_us);
    json_t *object = json_object();
    json_t *settings = json_object();

    for (uint32_t i = 0; i < machine->setting_count; i++)
        member_put_fact(&settings, machine->settings[i].name, machine->settings[i].value);
    member_put_fact(&object, "kernel", machine->kernel);
    member_put_fact(&object, "cpu_model", machine->cpu_model);
    member_put_fact(&object, "clock_source", machine->clock_source);
    member_put_fact(&object, "governor", machine->governor);
    member_put_fact(&object, "mitigations", machine->mitigations);
    member_put_number_if(machine->cpus_online != 0, &object, "cpus_online", machine->cpus_online);
    member_put_number_if(machine->cpus_allowed != 0, &object, "cpus_allowed",
                         machine->cpus_allowed);
    member_put(&object, "quota_is_known", json_boolean(machine->quota_us != FACT_UNKNOWN));
    member_put_number_if(has_quota, &object, "quota_ns", machine->quota_us * NS_PER_US);
    member_put_number_if(has_quota, &object, "quota_period_ns",
                         machine->quota_period_us * NS_PER_US);
    member_put_number_if(fact_is_number(machine->memory_bytes), &object, "memory_bytes",
                         machine->memory_bytes);
    member_put_number_if(fact_is_number(machine->memory_limit_bytes), &object, "memory_limit_bytes",
                         machine->memory_limit_bytes);
    member_put(&object, "memory_limit_is_known",
               json_boolean(machine->memory_limit_bytes != FACT_UNKNOWN));
    member_put_number_if(fact_is_number(document->tracked_connections), &object,
                         "tracked_connections", document->tracked_connections);
    member_put(&object, "settings", settings);
    return object;
}

static json_t *threads_json(const struct document *document)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < document->threads; i++) {
        const struct thread_use *use = &document->thread[i];
        json_t *object = json_object();

        member_put_number_if(use->cpu >= 0, &object, "cpu", (uint64_t)use->cpu);
        member_put_real(&object, "busy_share", use->busy);
        member_put_real(&object, "allowed_share", document->thread_allowed);
        member_put_real(&object, "own_share", use->own);
        member_put_real(&object, "softirq_share", use->softirq);
        member_put_real(&object, "others_share", use->others);
        member_put_real(&object, "idle_share", use->idle);
        member_put_real(&object, "steal_share", use->steal);
        member_put_real(&object, "waited_share", use->waited);
        element_put(&array, object);
    }
    return array;
}

static json_t *stalls_json(const struct document *document)
{
    const struct stalls *stalls = &document->stalls;
    uint64_t grid_ns = stalls_grid_ns(stalls, document->machine.quota_period_us * NS_PER_US);
    json_t *object = json_object();
    json_t *kept = json_array();

    for (uint32_t i = 0; i < stalls->kept_count; i++) {
        json_t *stall = json_object();

        member_put_number(&stall, "start_ns", stalls->kept[i].start_ns);
        member_put_number(&stall, "length_ns", stalls->kept[i].length_ns);
        element_put(&kept, stall);
    }
    member_put_number(&object, "count", stalls->count);
    member_put_number(&object, "total_ns", stalls->total_ns);
    member_put_number(&object, "longest_ns", stalls->longest_ns);
    member_put_number_if(grid_ns != 0, &object, "grid_ns", grid_ns);
    member_put(&object, "kept", kept);
    return object;
}

/* How serious it is. */
static const char *severity(const struct document_verdict *verdict)
{
    if (verdict->is_good)
        return "good";
    return verdict->limit == DOCUMENT_LIMIT_NONE ? "note" : "warning";
}

static json_t *verdicts_json(const struct document *document)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < document->verdict_count; i++) {
        json_t *object = json_object();

        member_put_text(&object, "name", document->verdicts[i].name);
        member_put_text(&object, "severity", severity(&document->verdicts[i]));
        member_put_text(&object, "limit", document_limit_name(document->verdicts[i].limit));
        member_put_text(&object, "text", document->verdicts[i].text);
        element_put(&array, object);
    }
    return array;
}

static json_t *assertions_json(const struct document *document)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < document->assertion_count; i++) {
        json_t *object = json_object();

        member_put_text(&object, "text", document->assertions[i].text);
        member_put_text(&object, "value_text", document->assertions[i].value);
        member_put_real(&object, "value", document->assertions[i].number);
        member_put_fact(&object, "unit", document->assertions[i].unit);
        member_put(&object, "holds", json_boolean(document->assertions[i].holds));
        element_put(&array, object);
    }
    return array;
}

/* Everything except the series, which can be long. */
static json_t *head_json(const struct document *document)
{
    json_t *head = json_object();

    member_put_text(&head, "schema", DOCUMENT_SCHEMA);
    member_put(&head, "program", program_json(document));
    member_put(&head, "run", run_json(document));
    member_put(&head, "result", result_json(document));
    member_put(&head, "verdicts", verdicts_json(document));
    member_put(&head, "assertions", assertions_json(document));
    member_put(&head, "machine", machine_json(document));
    member_put(&head, "usage", document_write_usage(&document->usage));
    member_put(&head, "threads", threads_json(document));
    member_put(&head, "stalls", stalls_json(document));
    return head;
}

int document_write(const struct document *document, FILE *out)
{
    static const char end[] = "\n}";
    json_t *head = head_json(document);
    char *text = head != NULL ? json_dumps(head, FORMAT) : NULL;
    int result;

    json_decref(head);
    if (text == NULL)
        return -ENOMEM;
    errno = 0;
    fprintf(out, "%.*s,\n \"series\": ", (int)(strlen(text) - strlen(end)), text);
    free(text);
    result = document_write_series(document, out);
    fprintf(out, "%s\n", end);
    if (result == 0 && (fflush(out) == EOF || ferror(out)))
        result = errno != 0 ? -errno : -EIO;
    return result;
}
