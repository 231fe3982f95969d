#include "report/judgement.h"

#include "base/fact.h"
#include "base/pages.h"
#include "base/units.h"
#include "load/assertion.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* What an assertion is about. */
struct scope {
    const struct report *report;
    const struct tally *tally;
    struct tally *merged; /* the same, if it had to be made; NULL if not */
    double connections_per_s;
};

static bool lane_is_of(const struct report_lane *lane, const char *family)
{
    return family == NULL || strcmp(address_family_name(&lane->target->address), family) == 0;
}

/* Returns 0, -ENOENT (no lane is of that family) or -ENOMEM. */
static int scope_open(struct scope *scope, const struct report *report, const char *family)
{
    uint32_t count = 0;

    *scope = (struct scope){.report = report};
    for (uint32_t i = 0; i < report->lane_count; i++) {
        if (!lane_is_of(&report->lanes[i], family))
            continue;
        scope->tally = report->lanes[i].tally;
        scope->connections_per_s += report->lanes[i].connections_per_s;
        count++;
    }
    if (family != NULL && count == 0)
        return -ENOENT;
    if (family == NULL || count == report->lane_count) {
        scope->tally = report->all.tally;
        scope->connections_per_s = report->all.connections_per_s;
        return 0;
    }
    if (count == 1)
        return 0;
    scope->merged = pages_map(sizeof(*scope->merged));
    if (scope->merged == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < report->lane_count; i++) {
        if (lane_is_of(&report->lanes[i], family))
            tally_add(scope->merged, report->lanes[i].tally);
    }
    scope->tally = scope->merged;
    return 0;
}

static void scope_close(struct scope *scope)
{
    pages_unmap(scope->merged, sizeof(*scope->merged));
}

/* A count, or FACT_UNKNOWN where the kernel does not tell. */
static uint64_t count_of(const struct scope *scope, const struct assertion *assertion)
{
    switch (assertion->metric) {
    case METRIC_STARTED:
        return scope->tally->started;
    case METRIC_OK:
        return scope->tally->ok;
    case METRIC_ERRORS:
        return tally_failed(scope->tally);
    case METRIC_LATE:
        return scope->tally->late;
    case METRIC_DROPPED:
        return scope->tally->dropped;
    case METRIC_RETRANSMITS:
        return scope->report->usage.retransmits;
    case METRIC_SYN_RETRANSMITS:
        return scope->report->usage.syn_retransmits;
    case METRIC_STALLS:
        return scope->report->stalls->count;
    case METRIC_FAILURE:
        return tally_failed_as(scope->tally, assertion->failure);
    case METRIC_RATE:
    case METRIC_LATENCY:
        break;
    }
    return 0;
}

static double latency_of(const struct histogram *histogram, const struct assertion *assertion)
{
    switch (assertion->statistic) {
    case STATISTIC_MIN:
        return (double)histogram->min_ns;
    case STATISTIC_MEAN:
        return histogram_mean(histogram);
    case STATISTIC_MAX:
        return (double)histogram->max_ns;
    case STATISTIC_PERCENTILE:
        break;
    }
    return (double)histogram_percentile(histogram, assertion->percentile);
}

static bool compare(double value, enum assertion_comparison comparison, double bound)
{
    switch (comparison) {
    case AT_MOST:
        return value <= bound;
    case AT_LEAST:
        return value >= bound;
    case BELOW:
        return value < bound;
    case ABOVE:
        return value > bound;
    case UNEQUAL:
        return value != bound;
    case EQUAL:
    case COMPARISON_COUNT:
        break;
    }
    return value == bound;
}

/* Write a number with up to `decimals` decimals, none of them a 0 at the end. */
static void number_format(double value, int decimals, char text[32])
{
    snprintf(text, 32, "%.*f", decimals, value);
    if (strchr(text, '.') == NULL)
        return;
    size_t length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    text[text[length - 1] == '.' ? length - 1 : length] = '\0';
}

#define DECIMALS_MAX 9

/* Say what was measured, precisely enough that it can be told from the bound. */
static void value_write(struct report_assertion *judged, double value, double bound, int decimals,
                        const char *unit)
{
    char text[32], bound_text[32];

    do {
        number_format(value, decimals, text);
        number_format(bound, decimals, bound_text);
    } while (decimals++ < DECIMALS_MAX && value != bound && strcmp(text, bound_text) == 0);
    snprintf(judged->value, sizeof(judged->value), "%.*s%s",
             (int)(sizeof(judged->value) - 1 - strlen(unit)), text, unit);
}

/* The same for programs. */
static void number_set(struct report_assertion *judged, double number, const char *unit)
{
    judged->number = number;
    judged->unit = unit;
}

static void latency_judge(const struct scope *scope, const struct assertion *assertion,
                          struct report_assertion *judged)
{
    static const struct {
        double ns;
        const char *name;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    const struct histogram *histogram = &scope->tally->timings[assertion->timing];
    unsigned unit = 0;

    if (histogram->count == 0) {
        snprintf(judged->value, sizeof(judged->value), "no samples");
        return;
    }
    double value_ns = latency_of(histogram, assertion);
    while (unit < 3 && value_ns < units[unit].ns)
        unit++;
    judged->holds = compare(value_ns, assertion->comparison, assertion->bound);
    number_set(judged, value_ns, "ns");
    value_write(judged, value_ns / units[unit].ns, assertion->bound / units[unit].ns, 3,
                units[unit].name);
}

/* The share and the bound are multiplied by all that they would be divided by: what is exactly at
 * the bound is found so. */
static void share_judge(const struct scope *scope, const struct assertion *assertion,
                        struct report_assertion *judged)
{
    double part = (double)count_of(scope, assertion);
    double whole = (double)scope->tally->started;
    const double hundred_percent = 100e6; /* in the unit of the bound */

    if (assertion->metric == METRIC_DROPPED)
        whole += (double)scope->tally->dropped;
    if (whole <= 0) {
        snprintf(judged->value, sizeof(judged->value), "nothing started");
        return;
    }
    judged->holds =
        compare(part * hundred_percent, assertion->comparison, assertion->bound * whole);
    number_set(judged, part / whole * 100, "percent");
    value_write(judged, part / whole * 100, assertion->bound / 1e6, 2, "%");
}

static void judge(const struct scope *scope, const struct assertion *assertion,
                  struct report_assertion *judged)
{
    double value;

    if (assertion->metric == METRIC_LATENCY) {
        latency_judge(scope, assertion, judged);
    } else if (count_of(scope, assertion) == FACT_UNKNOWN) {
        snprintf(judged->value, sizeof(judged->value), "unknown");
    } else if (assertion->is_share) {
        share_judge(scope, assertion, judged);
    } else if (assertion->metric == METRIC_RATE) {
        value = scope->connections_per_s;
        judged->holds = compare(value, assertion->comparison, assertion->bound);
        number_set(judged, value, "per_s");
        value_write(judged, value, assertion->bound, 1, "/s");
    } else {
        value = (double)count_of(scope, assertion);
        judged->holds = compare(value, assertion->comparison, assertion->bound);
        number_set(judged, value, "count");
        value_write(judged, value, assertion->bound, 0, "");
    }
}

/* Judge one more; the configuration holds only texts that were checked. */
static void text_judge(struct report *report, const char *text, struct assertion *assertion)
{
    struct report_assertion *judged = &report->assertions[report->assertion_count++];
    char error[OPTION_ERROR_BYTES];
    struct scope scope;

    *judged = (struct report_assertion){.holds = false, .number = (double)NAN};
    snprintf(judged->text, sizeof(judged->text), "%s", text);
    if (assertion_parse(text, assertion, error) < 0) {
        snprintf(judged->value, sizeof(judged->value), "not understood");
        return;
    }
    int result = scope_open(&scope, report, assertion->family);
    if (result == -ENOENT)
        snprintf(judged->value, sizeof(judged->value), "no %s target", assertion->family);
    else if (result < 0)
        snprintf(judged->value, sizeof(judged->value), "out of memory");
    else
        judge(&scope, assertion, judged);
    scope_close(&scope);
}

bool assertions_judge(struct report *report)
{
    const struct option_texts *texts = &report->config->assertions;
    struct assertion assertion = {0};
    bool errors_are_judged = false;
    bool schedule_is_judged = !load_is_open_loop(report->config);
    bool all_hold = true;

    report->assertion_count = 0;
    for (uint32_t i = 0; i < texts->count; i++) {
        text_judge(report, texts->items[i], &assertion);
        errors_are_judged = errors_are_judged || assertion_is_of_errors(&assertion);
        schedule_is_judged = schedule_is_judged || assertion_is_of_schedule(&assertion);
    }
    if (!errors_are_judged) {
        text_judge(report, "errors==0", &assertion);
        text_judge(report, "ok>0", &assertion); /* or nothing was measured that could fail */
    }
    if (!schedule_is_judged) {
        text_judge(report, "dropped==0", &assertion);
        text_judge(report, JUDGEMENT_LATENESS, &assertion);
    }
    for (uint32_t i = 0; i < report->assertion_count; i++)
        all_hold = all_hold && report->assertions[i].holds;
    return all_hold;
}
