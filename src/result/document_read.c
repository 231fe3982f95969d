/* Reads what document_write.c wrote: each function reads one object. Unknown members are ignored,
 * as document.schema.json promises. */
#include "base/fact.h"
#include "base/time_utc.h"
#include "base/units.h"
#include "engine/engine_feature.h"
#include "result/document.h"
#include "result/document_read_result.h"
#include "result/document_reader.h"
#include "result/histogram_codec.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Texts stay in the document's source. */
static void texts_read(struct document_reader *reader, const json_t *array,
                       struct option_texts *texts)
{
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (i >= OPTION_TEXTS_MAX || !json_is_string(item)) {
            reader_fail(reader, "targets", "is not a list of texts, or has too many");
            return;
        }
        texts->items[texts->count++] = json_string_value(item);
    }
}

static void ports_read(struct document_reader *reader, json_t *object, struct option_ports *ports)
{
    json_t *member = json_object_get(object, "source_ports");

    if (!json_is_object(member))
        return;
    ports->low = (uint16_t)reader_number(reader, member, "low");
    ports->high = (uint16_t)reader_number(reader, member, "high");
}

static void expect_read(struct document_reader *reader, json_t *object, struct option_bytes *expect)
{
    expect->any = !reader_text(reader, object, "expect");
    expect->bytes =
        (uint32_t)reader_bytes(reader, object, "expect", expect->data, sizeof(expect->data));
}

static void options_read(struct document_reader *reader, json_t *object, struct document *document)
{
    struct result_options *options = &document->options;
    const char *cpus = reader_text(reader, object, "cpus");

    document->connections = reader_number(reader, object, "connections");
    document->threads = (uint32_t)reader_number(reader, object, "threads");
    if (document->threads > CPUS_MAX)
        reader_fail(reader, "threads", "is larger than possible");
    options->cpus = cpus ? cpus : "";
    options->rate.starts = reader_number_or(reader, object, "rate_starts", 0);
    options->rate.period_ns = reader_number_or(reader, object, "rate_period_ns", 0);
    if (reader_text(reader, object, "arrivals"))
        options->arrivals = reader_choice(reader, object, "arrivals", load_arrivals_choices);
    document->seed = reader_number_or(reader, object, "seed", 0);
    options->duration_ns = reader_number_or(reader, object, "duration_ns", 0);
    options->count = reader_number_or(reader, object, "count", 0);
    options->warmup_ns = reader_number(reader, object, "warmup_ns");
    options->ramp_ns = reader_number(reader, object, "ramp_ns");
    options->family = reader_choice(reader, object, "family", load_family_choices);
    options->source = reader_text(reader, object, "source");
    ports_read(reader, object, &options->source_ports);
    options->close = reader_choice(reader, object, "close", load_close_choices);
    options->reuse_sockets = reader_choice(reader, object, "reuse_sockets", load_reuse_choices);
    options->proxy_protocol = reader_choice(reader, object, "proxy_protocol", load_proxy_choices);
    options->send.bytes = (uint32_t)reader_bytes(reader, object, "send", options->send.data,
                                                 sizeof(options->send.data));
    expect_read(reader, object, &options->expect);
    options->connect_timeout_ns = reader_number_or(reader, object, "connect_timeout_ns", 0);
    options->timeout_ns = reader_number(reader, object, "timeout_ns");
}

/* The named features; unknown ones are from a later version. */
static unsigned features_read(const json_t *array)
{
    unsigned features = 0;
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        for (unsigned k = 0; k < ENGINE_FEATURE_COUNT; k++) {
            const char *name = json_string_value(item);

            if (name && strcmp(name, engine_feature_name(k)) == 0)
                features |= 1u << k;
        }
    }
    return features;
}

static double seconds_read(struct document_reader *reader, json_t *object, const char *name)
{
    double s = reader_real(reader, object, name);

    if (!(s >= 0 && s < 1e9))
        reader_fail(reader, name, "is not a number of seconds");
    return s;
}

static void run_read(struct document_reader *reader, json_t *object, struct document *document)
{
    const char *start = reader_text(reader, object, "start");
    json_t *sockets = reader_object(reader, object, "sockets");

    if (start && time_utc_parse(start, &document->unix_start_ns) < 0)
        reader_fail(reader, "start", "is not a time of day in UTC with microseconds");
    texts_read(reader, reader_array(reader, object, "targets"), &document->options.targets);
    document->target_is_local = reader_truth(reader, object, "target_is_local");
    reader_copy(reader, object, "engine", document->engine, sizeof(document->engine));
    reader_copy(reader, object, "engine_reason", document->engine_reason,
                sizeof(document->engine_reason));
    document->engine_features = features_read(reader_array(reader, object, "engine_features"));
    document->sockets.opened = reader_number(reader, sockets, "opened");
    document->sockets.reused = reader_number(reader, sockets, "reused");
    reader_copy(reader, sockets, "refusal", document->sockets.refusal,
                sizeof(document->sockets.refusal));
    document->cut_short = reader_truth(reader, object, "cut_short");
    document->limit =
        (enum document_limit)reader_choice(reader, object, "limit", document_limit_choices);
    document->warmup_s = seconds_read(reader, object, "warmup_s");
    document->window_s = seconds_read(reader, object, "window_s");
    document->rate_s = seconds_read(reader, object, "rate_s");
    document->elapsed_s = seconds_read(reader, object, "elapsed_s");
    options_read(reader, reader_object(reader, object, "options"), document);
}

static void machine_read_back(struct document_reader *reader, json_t *object,
                              struct machine *machine)
{
    json_t *settings = reader_object(reader, object, "settings");
    bool quota_is_known = reader_truth(reader, object, "quota_is_known");
    bool limit_is_known = reader_truth(reader, object, "memory_limit_is_known");
    uint64_t quota_ns = reader_number_or(reader, object, "quota_ns", FACT_NONE);
    const char *name;
    json_t *value;

    reader_copy(reader, object, "kernel", machine->kernel, sizeof(machine->kernel));
    reader_copy(reader, object, "cpu_model", machine->cpu_model, sizeof(machine->cpu_model));
    reader_copy(reader, object, "clock_source", machine->clock_source,
                sizeof(machine->clock_source));
    reader_copy(reader, object, "governor", machine->governor, sizeof(machine->governor));
    reader_copy(reader, object, "mitigations", machine->mitigations, sizeof(machine->mitigations));
    machine->cpus_online = (uint32_t)reader_number_or(reader, object, "cpus_online", 0);
    machine->cpus_allowed = (uint32_t)reader_number_or(reader, object, "cpus_allowed", 0);
    machine->quota_us = quota_ns == FACT_NONE ? FACT_NONE : quota_ns / NS_PER_US;
    if (!quota_is_known)
        machine->quota_us = FACT_UNKNOWN;
    machine->quota_period_us = reader_number_or(reader, object, "quota_period_ns", 0) / NS_PER_US;
    machine->memory_bytes = reader_number_or(reader, object, "memory_bytes", FACT_UNKNOWN);
    machine->memory_limit_bytes = reader_number_or(reader, object, "memory_limit_bytes",
                                                   limit_is_known ? FACT_NONE : FACT_UNKNOWN);
    json_object_foreach(settings, name, value)
    {
        struct machine_setting *setting = &machine->settings[machine->setting_count];

        if (machine->setting_count >= MACHINE_SETTINGS_MAX) {
            reader_fail(reader, "settings", "has too many members");
            return;
        }
        setting->name = name;
        reader_copy(reader, settings, name, setting->value, sizeof(setting->value));
        machine->setting_count++;
    }
}

static void threads_read(struct document_reader *reader, const json_t *array,
                         struct document *document)
{
    json_t *object;
    size_t i;

    if (json_array_size(array) != document->threads)
        reader_fail(reader, "threads", "does not have as many members as the options have threads");
    json_array_foreach(array, i, object)
    {
        struct thread_use *use = &document->thread[i];
        uint64_t cpu = reader_number_or(reader, object, "cpu", UINT64_MAX);

        if (reader->error < 0)
            return;
        use->cpu = cpu == UINT64_MAX ? -1 : (int)cpu;
        use->busy = reader_real(reader, object, "busy_share");
        document->thread_allowed = reader_real(reader, object, "allowed_share");
        use->own = reader_real(reader, object, "own_share");
        use->softirq = reader_real(reader, object, "softirq_share");
        use->others = reader_real(reader, object, "others_share");
        use->idle = reader_real(reader, object, "idle_share");
        use->steal = reader_real(reader, object, "steal_share");
        use->waited = reader_real(reader, object, "waited_share");
    }
}

static void stalls_read(struct document_reader *reader, json_t *object, struct stalls *stalls)
{
    json_t *kept = reader_array(reader, object, "kept");
    json_t *stall;
    size_t i;

    stalls->count = reader_number(reader, object, "count");
    stalls->total_ns = reader_number(reader, object, "total_ns");
    stalls->longest_ns = reader_number(reader, object, "longest_ns");
    if (json_array_size(kept) > STALLS_KEPT_MAX)
        reader_fail(reader, "kept", "has too many members");
    json_array_foreach(kept, i, stall)
    {
        if (reader->error < 0)
            return;
        stalls->kept[i].start_ns = reader_number(reader, stall, "start_ns");
        stalls->kept[i].length_ns = reader_number(reader, stall, "length_ns");
        stalls->kept_count++;
    }
}

static void verdicts_read(struct document_reader *reader, const json_t *array,
                          struct document *document)
{
    static const char *const severities[] = {"good", "note", "warning", NULL};
    json_t *object;
    size_t i;

    json_array_foreach(array, i, object)
    {
        struct document_verdict *verdict = &document->verdicts[i];

        if (i >= DOCUMENT_VERDICTS_MAX)
            reader_fail(reader, "verdicts", "has too many members");
        if (reader->error < 0)
            return;
        reader_copy(reader, object, "name", verdict->name, sizeof(verdict->name));
        verdict->is_good = reader_choice(reader, object, "severity", severities) == 0;
        verdict->limit =
            (enum document_limit)reader_choice(reader, object, "limit", document_limit_choices);
        reader_copy(reader, object, "text", verdict->text, sizeof(verdict->text));
        document->verdict_count++;
    }
}

static void assertions_read(struct document_reader *reader, const json_t *array,
                            struct document *document)
{
    json_t *object;
    size_t i;

    json_array_foreach(array, i, object)
    {
        struct document_assertion *assertion = &document->assertions[i];

        if (i >= DOCUMENT_ASSERTIONS_MAX)
            reader_fail(reader, "assertions", "has too many members");
        if (reader->error < 0)
            return;
        reader_copy(reader, object, "text", assertion->text, sizeof(assertion->text));
        reader_copy(reader, object, "value_text", assertion->value, sizeof(assertion->value));
        assertion->number = reader_real(reader, object, "value");
        reader_copy(reader, object, "unit", assertion->unit, sizeof(assertion->unit));
        assertion->holds = reader_truth(reader, object, "holds");
        document->assertion_count++;
    }
}

/* Begin a part of the document: errors are of it from now on. */
static json_t *part_begin(struct document_reader *reader, const char *name,
                          json_t *part(struct document_reader *, json_t *, const char *),
                          json_t *root)
{
    json_t *object;

    reader->where = "document";
    object = part(reader, root, name);
    reader->where = name;
    return object;
}

/* Read all parts. */
static void document_read_parts(struct document_reader *reader, struct document *document)
{
    json_t *root = document->source, *machine;

    reader_copy(reader, part_begin(reader, "program", reader_object, root), "version",
                document->version, sizeof(document->version));

    run_read(reader, part_begin(reader, "run", reader_object, root), document);
    document_read_result(reader, part_begin(reader, "result", reader_object, root), document);
    verdicts_read(reader, part_begin(reader, "verdicts", reader_array, root), document);
    assertions_read(reader, part_begin(reader, "assertions", reader_array, root), document);
    machine = part_begin(reader, "machine", reader_object, root);
    machine_read_back(reader, machine, &document->machine);
    document->tracked_connections =
        reader_number_or(reader, machine, "tracked_connections", FACT_UNKNOWN);
    document_read_usage(reader, part_begin(reader, "usage", reader_object, root), &document->usage);
    threads_read(reader, part_begin(reader, "threads", reader_array, root), document);
    stalls_read(reader, part_begin(reader, "stalls", reader_object, root), &document->stalls);
    document_read_series(reader, part_begin(reader, "series", reader_object, root), document);
}

/* A file that is read up to a limit. */
struct bounded_file {
    FILE *file;
    uint64_t left_bytes;
    bool is_too_large;
};

/* The next bytes: a callback of json_load_callback. */
static size_t bounded_file_read(void *buffer, size_t bytes, void *data)
{
    struct bounded_file *in = data;
    size_t got = fread(buffer, 1, bytes, in->file);

    in->is_too_large = got > in->left_bytes;
    if (in->is_too_large || (got == 0 && ferror(in->file)))
        return (size_t)-1;
    in->left_bytes -= got;
    return got;
}

static int refuse_for_memory(char error[DOCUMENT_ERROR_BYTES])
{
    snprintf(error, DOCUMENT_ERROR_BYTES, "needs more memory than there is");
    return -ENOMEM;
}

int document_read(struct document *document, FILE *in, char error[DOCUMENT_ERROR_BYTES])
{
    struct document_reader reader = {.where = "document", .text = error};
    struct bounded_file bounded = {.file = in, .left_bytes = DOCUMENT_BYTES_MAX};
    json_error_t problem;
    const char *schema;

    errno = 0;
    document->source =
        json_load_callback(bounded_file_read, &bounded, JSON_REJECT_DUPLICATES, &problem);
    if (bounded.is_too_large) {
        snprintf(error, DOCUMENT_ERROR_BYTES, "has more than %u MiB",
                 (unsigned)(DOCUMENT_BYTES_MAX >> 20));
        return -EFBIG;
    }
    if (!document->source && ferror(in)) {
        int result = errno == 0 || errno == EINVAL ? -EIO : -errno;

        snprintf(error, DOCUMENT_ERROR_BYTES, "cannot be read: %s", strerror(-result));
        return result;
    }
    if (!document->source && problem.text[0] == '\0') /* Jansson tells of all else */
        return refuse_for_memory(error);
    if (!document->source) {
        snprintf(error, DOCUMENT_ERROR_BYTES, "is not JSON: line %d, column %d: %.150s",
                 problem.line, problem.column, problem.text);
        return -EINVAL;
    }
    schema = json_string_value(json_object_get(document->source, "schema"));
    if (!schema || strcmp(schema, DOCUMENT_SCHEMA) != 0) {
        bool is_ours = schema && strncmp(schema, "hello-load/", strlen("hello-load/")) == 0;

        snprintf(error, DOCUMENT_ERROR_BYTES, "is %s hello-load: its schema is '%.40s', not '%s'",
                 is_ours ? "of another version of" : "not a result of", schema ? schema : "",
                 DOCUMENT_SCHEMA);
        return -EINVAL;
    }
    reader.codec = malloc(sizeof(*reader.codec));
    if (!reader.codec)
        return refuse_for_memory(error);
    document_read_parts(&reader, document);
    free(reader.codec);
    if (reader.error == -ENOMEM)
        refuse_for_memory(error);
    json_object_del(document->source, "series"); /* the largest part, and it holds no texts */
    return reader.error;
}
