#include "fuzz_target.h"
#include "result/assertion.h"

#include <errno.h>

static const char *const comparisons[COMPARISON_COUNT] = {
    [AT_MOST] = "<=", [AT_LEAST] = ">=", [EQUAL] = "==",
    [UNEQUAL] = "!=", [BELOW] = "<",     [ABOVE] = ">",
};

static const char *const metrics[] = {
    [METRIC_RATE] = "rate",
    [METRIC_STARTED] = "started",
    [METRIC_OK] = "ok",
    [METRIC_ERRORS] = "errors",
    [METRIC_LATE] = "late",
    [METRIC_DROPPED] = "dropped",
    [METRIC_RETRANSMITS] = "retransmits",
    [METRIC_SYN_RETRANSMITS] = "syn_retransmits",
    [METRIC_STALLS] = "stalls",
};

static const char *const statistics[] = {
    [STATISTIC_MIN] = "min", [STATISTIC_MEAN] = "mean", [STATISTIC_MAX] = "max"};

/* Byte by byte, padding too: nothing may have been written. */
static bool same_bytes(const void *one, const void *other)
{
    return memcmp(one, other, sizeof(struct assertion)) == 0;
}

static int parse_checked(const char *text, struct assertion *ret_assertion)
{
    struct assertion untouched;
    struct assertion assertion;
    char error[OPTION_ERROR_BYTES];

    memset(&untouched, 0x5a, sizeof(untouched));
    memset(error, 0x5a, sizeof(error));
    assertion = untouched;
    int result = assertion_parse(text, &assertion, error);
    REQUIRE(result == 0 || result == -EINVAL);
    if (result == 0) {
        *ret_assertion = assertion;
        return 0;
    }
    REQUIRE(same_bytes(&assertion, &untouched));
    REQUIRE(memchr(error, '\0', sizeof(error)) != NULL);
    REQUIRE(strncmp(error, "--assert '", 10) == 0 && strstr(error, "': ") != NULL);
    for (const char *at = error; *at != '\0'; at++)
        REQUIRE(*at >= ' ' && *at <= '~');
    return result;
}

static bool same(const struct assertion *one, const struct assertion *other)
{
    return (one->family == NULL) == (other->family == NULL) &&
           (one->family == NULL || strcmp(one->family, other->family) == 0) &&
           one->metric == other->metric && one->failure == other->failure &&
           one->timing == other->timing && one->statistic == other->statistic &&
           one->percentile == other->percentile && one->comparison == other->comparison &&
           one->is_share == other->is_share && one->bound == other->bound;
}

static void every_part_is_in_its_range(const struct assertion *assertion)
{
    REQUIRE(assertion->family == NULL || strcmp(assertion->family, "ipv4") == 0 ||
            strcmp(assertion->family, "ipv6") == 0);
    REQUIRE(assertion->metric <= METRIC_LATENCY && assertion->comparison < COMPARISON_COUNT);
    REQUIRE((assertion->failure > RESULT_OK) == (assertion->metric == METRIC_FAILURE));
    REQUIRE(assertion->failure < RESULT_COUNT && assertion->timing < TIMING_COUNT);
    REQUIRE(assertion->percentile >= 0 && assertion->percentile <= 100);
    REQUIRE(assertion->bound >= 0 && assertion->bound <= (double)(UINT64_C(1) << 63));
    REQUIRE(!assertion->is_share || assertion->bound <= 100e6);
}

/* Write it in another way than it was written. */
static void assertion_write(const struct assertion *assertion, char *text, size_t text_bytes)
{
    char metric[64], value[64];

    if (assertion->metric == METRIC_FAILURE)
        snprintf(metric, sizeof(metric), "%s", result_name(assertion->failure));
    else if (assertion->metric != METRIC_LATENCY)
        snprintf(metric, sizeof(metric), "%s", metrics[assertion->metric]);
    else if (assertion->statistic != STATISTIC_PERCENTILE)
        snprintf(metric, sizeof(metric), "%s.%s", timing_name(assertion->timing),
                 statistics[assertion->statistic]);
    else
        snprintf(metric, sizeof(metric), "%s.p%.6f", timing_name(assertion->timing),
                 assertion->percentile);

    if (assertion->is_share)
        snprintf(value, sizeof(value), "%.6f%%", assertion->bound / 1e6);
    else
        snprintf(value, sizeof(value), "%.0f%s", assertion->bound,
                 assertion->metric == METRIC_LATENCY ? "ns" : "");
    snprintf(
        text, text_bytes, "   %s%s%s %s  %s ", assertion->family != NULL ? assertion->family : "",
        assertion->family != NULL ? "." : "", metric, comparisons[assertion->comparison], value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    struct assertion assertion;
    struct assertion again;
    char written[256];

    if (text == NULL)
        return 0;
    if (parse_checked(text, &assertion) == 0) {
        REQUIRE(strlen(text) < ASSERTION_TEXT_BYTES);
        for (const char *at = text; *at != '\0'; at++)
            REQUIRE(*at >= ' ' && *at <= '~');
        every_part_is_in_its_range(&assertion);
        assertion_write(&assertion, written, sizeof(written));
        REQUIRE(parse_checked(written, &again) == 0);
        /* A rate per hour may not be whole per second. */
        if (assertion.metric == METRIC_RATE)
            again.bound = assertion.bound;
        REQUIRE(same(&assertion, &again));
    }
    free(text);
    return 0;
}
