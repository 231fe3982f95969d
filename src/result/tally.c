#include "result/tally.h"

#include "base/check.h"
#include "base/counter.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Everything before the timings is a counter. */
#define COUNTER_COUNT (offsetof(struct tally, timings) / sizeof(uint64_t))

_Static_assert(offsetof(struct tally, timings) % sizeof(uint64_t) == 0, "nothing but counters");

static const char *const timing_names[TIMING_COUNT] = {
    [TIMING_CONNECT] = "connect", [TIMING_GREETING] = "greeting", [TIMING_CLOSE] = "close",
    [TIMING_TOTAL] = "total",     [TIMING_LATENESS] = "lateness",
};

const char *timing_name(enum timing timing)
{
    return timing_names[timing];
}

static const uint64_t *tally_counters(const struct tally *tally)
{
    return (const void *)tally;
}

void tally_add(struct tally *total, const struct tally *part)
{
    uint64_t *counters = (void *)total;

    for (size_t i = 0; i < COUNTER_COUNT; i++)
        counter_add(&counters[i], counter_read(&tally_counters(part)[i]));
    for (int i = 0; i < TIMING_COUNT; i++)
        histogram_add(&total->timings[i], &part->timings[i]);
}

void tally_subtract(struct tally *ret_difference, const struct tally *now,
                    const struct tally *before)
{
    uint64_t *counters = (void *)ret_difference;

    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        uint64_t older = tally_counters(before)[i], newer = tally_counters(now)[i];

        CHECK(older <= newer, "counter=%zu older=%llu newer=%llu", i, (unsigned long long)older,
              (unsigned long long)newer);
        counter_set(&counters[i], newer - older);
    }
    for (int i = 0; i < TIMING_COUNT; i++)
        histogram_subtract(&ret_difference->timings[i], &now->timings[i], &before->timings[i]);
}

void tally_clear(struct tally *tally)
{
    uint64_t *counters = (void *)tally;

    for (size_t i = 0; i < COUNTER_COUNT; i++)
        counter_set(&counters[i], 0);
    for (int i = 0; i < TIMING_COUNT; i++)
        histogram_clear(&tally->timings[i]);
}

uint64_t tally_failed(const struct tally *tally)
{
    uint64_t failed = 0;

    for (int i = RESULT_OK + 1; i < RESULT_COUNT; i++)
        failed += tally_failed_as(tally, (enum result)i);
    return failed;
}

void tally_check(const struct tally *tally)
{
    CHECK_EQUAL(tally->started, tally->ok + tally_failed(tally) + tally->abandoned);
}

uint64_t tally_failed_as(const struct tally *tally, enum result result)
{
    uint64_t failed = 0;

    for (int i = 0; i < PHASE_COUNT; i++)
        failed += counter_read(&tally->failed[i][result]);
    return failed;
}

char *tally_errno_name(int error, char text[TALLY_ERRNO_NAME_BYTES])
{
    const char *name = error != 0 ? strerrorname_np(error) : "unknown";

    if (name)
        snprintf(text, TALLY_ERRNO_NAME_BYTES, "%s", name);
    else
        snprintf(text, TALLY_ERRNO_NAME_BYTES, "errno %d", error);
    return text;
}
