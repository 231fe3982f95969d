/* The report as one JSON document: each function makes one object of it. What the members mean is
 * said in report.schema.json. */
#include "base/fact.h"
#include "base/units.h"
#include "engine/engine_feature.h"
#include "report/answers.h"
#include "report/member.h"
#include "report/report.h"
#include "report/report_json_lane.h"
#include "report/report_json_series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "hello-load/2"
#define FORMAT (JSON_INDENT(1) | JSON_REAL_PRECISION(15))

/* A choice goes by the word that is typed for it. */
static void put_choice(json_t **object, const char *name, const char *option, unsigned choice)
{
    const struct option_row *row = &load_options.rows[option_row_find(&load_options, option)];

    member_put_text(object, name, row->choices[choice]);
}

static json_t *program_json(void)
{
    json_t *object = json_object();

    member_put_text(&object, "name", load_options.program);
    member_put_text(&object, "version", HELLO_VERSION);
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

static json_t *options_json(const struct report *report)
{
    const struct load_config *config = report->config;
    const struct option_bytes *expect = &config->expect;
    json_t *object = json_object();

    member_put_number(&object, "connections", report->connections);
    member_put_number(&object, "threads", report->threads);
    member_put_text(&object, "cpus", config->cpus);
    if (load_is_open_loop(config)) {
        member_put_real(&object, "rate_per_s",
                        (double)config->rate.starts * (double)NS_PER_S /
                            (double)config->rate.period_ns);
        put_choice(&object, "arrivals", "arrivals", config->arrivals);
    } else {
        member_put(&object, "rate_per_s", json_null());
        member_put(&object, "arrivals", json_null());
    }
    member_put_number_if(load_is_open_loop(config) && config->arrivals == LOAD_POISSON, &object,
                         "seed", report->seed);
    member_put_number_if(config->duration_ns != 0, &object, "duration_ns", config->duration_ns);
    member_put_number_if(config->count != 0, &object, "count", config->count);
    member_put_number(&object, "warmup_ns", config->warmup_ns);
    member_put_number(&object, "ramp_ns", config->ramp_ns);
    put_choice(&object, "family", "family", config->family);
    member_put_text(&object, "source", config->source);
    member_put(&object, "source_ports", ports_json(config->source_ports));
    put_choice(&object, "close", "close", config->close);
    put_choice(&object, "reuse_sockets", "reuse-sockets", config->reuse_sockets);
    put_choice(&object, "proxy_protocol", "proxy-protocol", config->proxy_protocol);
    member_put(&object, "send", member_of_bytes(config->send.data, config->send.bytes));
    member_put(&object, "expect",
               expect->any ? json_null() : member_of_bytes(expect->data, expect->bytes));
    member_put_number_if(config->connect_timeout_ns != 0, &object, "connect_timeout_ns",
                         config->connect_timeout_ns);
    member_put_number(&object, "timeout_ns", config->timeout_ns);
    return object;
}

static json_t *sockets_json(const struct report_sockets *sockets)
{
    json_t *object = json_object();

    member_put_number(&object, "opened", sockets->opened);
    member_put_number(&object, "reused", sockets->reused);
    member_put_text(&object, "refusal", sockets->refusal);
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

static json_t *run_json(const struct report *report)
{
    json_t *object = json_object();

    member_put_time(&object, "start", report->unix_start_ns);
    member_put(&object, "targets", texts_json(&report->config->targets));
    member_put(&object, "target_is_local", json_boolean(report->target_is_local));
    member_put_text(&object, "engine", report->engine);
    member_put_text(&object, "engine_reason", report->engine_reason);
    member_put(&object, "engine_features", engine_features_json(report->engine_features));
    member_put(&object, "sockets", sockets_json(&report->sockets));
    member_put(&object, "cut_short", json_boolean(report->cut_short));
    member_put_text(&object, "limit", report_limit_name(report->limit));
    member_put_real(&object, "warmup_s", report->warmup_s);
    member_put_real(&object, "window_s", report->window_s);
    member_put_real(&object, "rate_s", report->rate_s);
    member_put_real(&object, "elapsed_s", report->elapsed_s);
    member_put(&object, "options", options_json(report));
    return object;
}

static json_t *result_json(const struct report *report)
{
    json_t *object = json_object();
    json_t *lanes = json_array();
    const struct report_lane *wrong = answers_first_wrong(report);

    for (uint32_t i = 0; i < report->lane_count; i++)
        element_put(&lanes, report_json_lane(report, &report->lanes[i]));
    member_put(&object, "all", report_json_lane(report, &report->all));
    member_put(&object, "wrong_answer", report_json_wrong_answer(wrong ? wrong : &report->all));
    member_put(&object, "lanes", lanes);
    return object;
}

static json_t *machine_json(const struct report *report)
{
    const struct machine *machine = &report->machine;
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
    member_put_number_if(fact_is_number(report->tracked_connections), &object,
                         "tracked_connections", report->tracked_connections);
    member_put(&object, "settings", settings);
    return object;
}

static json_t *threads_json(const struct report *report)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < report->threads; i++) {
        const struct thread_use *use = &report->thread[i];
        json_t *object = json_object();

        member_put_number_if(use->cpu >= 0, &object, "cpu", (uint64_t)use->cpu);
        member_put_real(&object, "busy_share", use->busy);
        member_put_real(&object, "allowed_share", report->thread_allowed);
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

static json_t *stalls_json(const struct report *report)
{
    const struct stalls *stalls = report->stalls;
    uint64_t grid_ns = stalls_grid_ns(stalls, report->machine.quota_period_us * NS_PER_US);
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

/* How bad it is. */
static const char *severity(const struct report_verdict *verdict)
{
    if (verdict->is_good)
        return "good";
    return verdict->limit == REPORT_LIMIT_NONE ? "note" : "warning";
}

static json_t *verdicts_json(const struct report *report)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < report->verdict_count; i++) {
        json_t *object = json_object();

        member_put_text(&object, "name", report->verdicts[i].name);
        member_put_text(&object, "severity", severity(&report->verdicts[i]));
        member_put_text(&object, "limit", report_limit_name(report->verdicts[i].limit));
        member_put_text(&object, "text", report->verdicts[i].text);
        element_put(&array, object);
    }
    return array;
}

static json_t *assertions_json(const struct report *report)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < report->assertion_count; i++) {
        json_t *object = json_object();

        member_put_text(&object, "text", report->assertions[i].text);
        member_put_text(&object, "value_text", report->assertions[i].value);
        member_put_real(&object, "value", report->assertions[i].number);
        member_put_text(&object, "unit", report->assertions[i].unit);
        member_put(&object, "holds", json_boolean(report->assertions[i].holds));
        element_put(&array, object);
    }
    return array;
}

/* All but the series, which can be long. */
static json_t *head_json(const struct report *report)
{
    json_t *document = json_object();

    member_put_text(&document, "schema", SCHEMA);
    member_put(&document, "program", program_json());
    member_put(&document, "run", run_json(report));
    member_put(&document, "result", result_json(report));
    member_put(&document, "verdicts", verdicts_json(report));
    member_put(&document, "assertions", assertions_json(report));
    member_put(&document, "machine", machine_json(report));
    member_put(&document, "usage", report_json_usage(&report->usage));
    member_put(&document, "threads", threads_json(report));
    member_put(&document, "stalls", stalls_json(report));
    return document;
}

int report_json(const struct report *report, FILE *out)
{
    static const char end[] = "\n}";
    json_t *head = head_json(report);
    char *text = head != NULL ? json_dumps(head, FORMAT) : NULL;
    int result;

    json_decref(head);
    if (text == NULL)
        return -ENOMEM;
    errno = 0;
    fprintf(out, "%.*s,\n \"series\": ", (int)(strlen(text) - strlen(end)), text);
    free(text);
    result = report_json_series(report, out);
    fprintf(out, "%s\n", end);
    if (result == 0 && (fflush(out) == EOF || ferror(out)))
        result = errno != 0 ? -errno : -EIO;
    return result;
}
