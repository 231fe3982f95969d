#include "base/fact.h"
#include "fuzz_target.h"
#include "host/cpu_time.h"
#include "host/usage_text.h"

#define TICK_NS UINT64_C(10000000)

static const struct cpus cpus = {.count = 3, .ids = {0, 2, 1023}};

static bool same(const struct usage *one, const struct usage *other)
{
    return memcmp(one, other, sizeof(*one)) == 0;
}

/* Each text bears on its own totals and on no others. */
static void totals_of_others_stay(const char *text)
{
    struct usage usage;
    struct usage untouched;

    memset(&untouched, 0x5a, sizeof(untouched));
    usage = untouched;
    usage_text_tcp(text, &usage);
    REQUIRE(usage.busy_ns == untouched.busy_ns && usage.steal_ns == untouched.steal_ns);
    REQUIRE(usage.throttled_count == untouched.throttled_count);
    REQUIRE(usage.throttled_ns == untouched.throttled_ns && usage.time_ns == untouched.time_ns);

    usage = untouched;
    usage_text_throttling(text, &usage);
    usage.throttled_count = untouched.throttled_count;
    usage.throttled_ns = untouched.throttled_ns;
    REQUIRE(same(&usage, &untouched));
}

/* What a newer kernel may add after it changes nothing. */
static void unknown_lines_change_nothing(const char *text)
{
    static const char more[] = "\nNewExt: ActiveOpens TCPSynRetrans\nNewExt: 5 6\n"
                               "cpu_new 1 2 3 4 5 6 7 8\nnr_throttled_new 7\n";
    size_t length = strlen(text);
    struct usage with = {0};
    struct usage without = {0};
    struct cpu_time one, other;
    char *longer = malloc(length + sizeof(more));

    REQUIRE(longer != NULL);
    snprintf(longer, length + sizeof(more), "%s%s", text, more);
    usage_text_tcp(text, &without);
    usage_text_throttling(text, &without);
    usage_text_tcp(longer, &with);
    usage_text_throttling(longer, &with);
    REQUIRE(same(&with, &without));
    one = cpu_time_parse(text, &cpus, TICK_NS);
    other = cpu_time_parse(longer, &cpus, TICK_NS);
    REQUIRE(memcmp(&one, &other, sizeof(one)) == 0);
    REQUIRE(fact_is_number(one.busy_ns) || !fact_is_number(one.softirq_ns));
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);

    if (text == NULL)
        return 0;
    totals_of_others_stay(text);
    unknown_lines_change_nothing(text);
    free(text);
    return 0;
}
