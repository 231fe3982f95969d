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
