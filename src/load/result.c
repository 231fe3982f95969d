#include "load/result.h"

#include <errno.h>

static const char *const result_names[RESULT_COUNT] = {
    [RESULT_OK] = "ok",
    [RESULT_REFUSED] = "refused",
    [RESULT_RESET] = "reset",
    [RESULT_SHORT] = "short",
    [RESULT_MISMATCH] = "mismatch",
    [RESULT_EXTRA] = "extra",
    [RESULT_TIMEOUT] = "timeout",
    [RESULT_NO_PORT] = "no_port",
    [RESULT_NO_DESCRIPTOR] = "no_descriptor",
    [RESULT_OTHER] = "other",
};

const char *result_name(enum result result)
{
    return result_names[result];
}

enum result result_of_error(int error)
{
    switch (-error) {
    case ECONNREFUSED:
        return RESULT_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return RESULT_RESET;
    case ETIMEDOUT:
        return RESULT_TIMEOUT;
    case EADDRNOTAVAIL:
        return RESULT_NO_PORT;
    case EMFILE:
    case ENFILE:
        return RESULT_NO_DESCRIPTOR;
    default:
        return RESULT_OTHER;
    }
}

void result_counts_add(struct result_counts *total, const struct result_counts *part)
{
    total->started += part->started;
    for (int i = 0; i < RESULT_COUNT; i++)
        total->results[i] += part->results[i];
    if (part->first_start_ns < total->first_start_ns)
        total->first_start_ns = part->first_start_ns;
    if (part->last_end_ns > total->last_end_ns)
        total->last_end_ns = part->last_end_ns;
    if (part->other_error)
        total->other_error = part->other_error;
}

uint64_t result_counts_failed(const struct result_counts *counts)
{
    uint64_t failed = 0;

    for (int i = RESULT_OK + 1; i < RESULT_COUNT; i++)
        failed += counts->results[i];
    return failed;
}
