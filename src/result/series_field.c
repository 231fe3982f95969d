#include "result/series_field.h"

const struct series_field count_fields[COUNT_FIELDS] = {
    {"started", offsetof(struct document_point, started)},
    {"ok", offsetof(struct document_point, ok)},
    {"failed", offsetof(struct document_point, failed)},
    {"late", offsetof(struct document_point, late)},
    {"dropped", offsetof(struct document_point, dropped)},
};

const struct series_field span_fields[SPAN_FIELDS] = {
    {"p50_ns", offsetof(struct document_point, p50_ns)},
    {"p90_ns", offsetof(struct document_point, p90_ns)},
    {"p99_ns", offsetof(struct document_point, p99_ns)},
    {"p99_9_ns", offsetof(struct document_point, p99_9_ns)},
    {"max_ns", offsetof(struct document_point, max_ns)},
};

const struct series_field usage_fields[USAGE_FIELDS] = {
    {"process_ns", offsetof(struct usage, process_ns)},
    {"busy_ns", offsetof(struct usage, busy_ns)},
    {"softirq_ns", offsetof(struct usage, softirq_ns)},
    {"idle_ns", offsetof(struct usage, idle_ns)},
    {"steal_ns", offsetof(struct usage, steal_ns)},
    {"throttled_count", offsetof(struct usage, throttled_count)},
    {"throttled_ns", offsetof(struct usage, throttled_ns)},
    {"active_opens", offsetof(struct usage, active_opens)},
    {"passive_opens", offsetof(struct usage, passive_opens)},
    {"syn_retransmits", offsetof(struct usage, syn_retransmits)},
    {"retransmits", offsetof(struct usage, retransmits)},
    {"listen_overflows", offsetof(struct usage, listen_overflows)},
    {"listen_drops", offsetof(struct usage, listen_drops)},
};

static const uint64_t *values_at(const void *of, const struct series_field *field)
{
    return (const void *)((const char *)of + field->offset);
}

uint64_t count_field_value(const struct document_point *point, size_t i)
{
    return *values_at(point, &count_fields[i]);
}

uint64_t span_field_value(const struct document_point *point, size_t i, enum timing timing)
{
    return values_at(point, &span_fields[i])[timing];
}

uint64_t usage_field_value(const struct usage *usage, size_t i)
{
    return *values_at(usage, &usage_fields[i]);
}

static uint64_t *place_in(void *of, const struct series_field *field)
{
    return (void *)((char *)of + field->offset);
}

uint64_t *count_field_place(struct document_point *point, size_t i)
{
    return place_in(point, &count_fields[i]);
}

uint64_t *span_field_place(struct document_point *point, size_t i)
{
    return place_in(point, &span_fields[i]);
}

uint64_t *usage_field_place(struct usage *usage, size_t i)
{
    return place_in(usage, &usage_fields[i]);
}
