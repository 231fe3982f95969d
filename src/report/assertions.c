#include "report/assertions.h"

#include "base/fact.h"
#include "base/pages.h"
#include "base/units.h"
#include "result/assertion.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The data an assertion is about. */
struct scope {
    const struct document *document;
    const struct tally *tally;
    struct tally *merged; /* the same, if it had to be allocated; else NULL */
    double connections_per_s;
};

static bool target_is_of(const struct document_target *target, const char *family)
{
    return family == NULL || strcmp(target->family, family) == 0;
}

/* Returns 0, -ENOENT (no target of that family) or -ENOMEM. */
static int scope_open(struct scope *scope, const struct document *document, const char *family)
{
    uint32_t count = 0;

    *scope = (struct scope){.document = document};
    for (uint32_t i = 0; i < document->target_count; i++) {
        if (!target_is_of(&document->targets[i], family))
            continue;
        scope->tally = document->targets[i].tally;
        scope->connections_per_s += document->targets[i].connections_per_s;
        count++;
    }
    if (family != NULL && count == 0)
        return -ENOENT;
    if (family == NULL || count == document->target_count) {
        scope->tally = document->all.tally;
        scope->connections_per_s = document->all.connections_per_s;
        return 0;
    }
    if (count == 1)
        return 0;
    scope->merged = pages_map(sizeof(*scope->merged));
    if (scope->merged == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < document->target_count; i++) {
        if (target_is_of(&document->targets[i], family))
            tally_add(scope->merged, document->targets[i].tally);
    }
    scope->tally = scope->merged;
    return 0;
}

static void scope_close(struct scope *scope)
{
    pages_unmap(scope->merged, sizeof(*scope->merged));
}

/* A count, or FACT_UNKNOWN if the kernel does not report it. */
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
        return scope->document->usage.retransmits;
    case METRIC_SYN_RETRANSMITS:
        return scope->document->usage.syn_retransmits;
    case METRIC_STALLS:
        return scope->document->stalls.count;
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

/* Write a number with up to `decimals` decimals, without trailing zeros. */
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

/* Write the measured value, with enough decimals to differ from the bound. */
static void value_write(struct document_assertion *evaluated, double value, double bound,
                        int decimals, const char *unit)
{
    char text[32], bound_text[32];

    do {
        number_format(value, decimals, text);
        number_format(bound, decimals, bound_text);
    } while (decimals++ < DECIMALS_MAX && value != bound && strcmp(text, bound_text) == 0);
    snprintf(evaluated->value, sizeof(evaluated->value), "%.*s%s",
             (int)(sizeof(evaluated->value) - 1 - strlen(unit)), text, unit);
}

/* The same for programs. */
static void number_set(struct document_assertion *evaluated, double number, const char *unit)
{
    evaluated->number = number;
    snprintf(evaluated->unit, sizeof(evaluated->unit), "%s", unit);
}

static void latency_evaluate(const struct scope *scope, const struct assertion *assertion,
                             struct document_assertion *evaluated)
{
    static const struct {
        double ns;
        const char *name;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    const struct histogram *histogram = &scope->tally->timings[assertion->timing];
    unsigned unit = 0;

    if (histogram->count == 0) {
        snprintf(evaluated->value, sizeof(evaluated->value), "no samples");
        return;
    }
    double value_ns = latency_of(histogram, assertion);
    while (unit < 3 && value_ns < units[unit].ns)
        unit++;
    evaluated->holds = compare(value_ns, assertion->comparison, assertion->bound);
    number_set(evaluated, value_ns, "ns");
    value_write(evaluated, value_ns / units[unit].ns, assertion->bound / units[unit].ns, 3,
                units[unit].name);
}

/* Share and bound are multiplied instead of divided, so a value exactly at the bound compares as
 * equal. */
static void share_evaluate(const struct scope *scope, const struct assertion *assertion,
                           struct document_assertion *evaluated)
{
    double part = (double)count_of(scope, assertion);
    double whole = (double)scope->tally->started;
    const double hundred_percent = 100e6; /* in the unit of the bound */

    if (assertion->metric == METRIC_DROPPED)
        whole += (double)scope->tally->dropped;
    if (whole <= 0) {
        snprintf(evaluated->value, sizeof(evaluated->value), "nothing started");
        return;
    }
    evaluated->holds =
        compare(part * hundred_percent, assertion->comparison, assertion->bound * whole);
    number_set(evaluated, part / whole * 100, "percent");
    value_write(evaluated, part / whole * 100, assertion->bound / 1e6, 2, "%");
}

static void evaluate(const struct scope *scope, const struct assertion *assertion,
                     struct document_assertion *evaluated)
{
    double value;

    if (assertion->metric == METRIC_LATENCY) {
        latency_evaluate(scope, assertion, evaluated);
    } else if (count_of(scope, assertion) == FACT_UNKNOWN) {
        snprintf(evaluated->value, sizeof(evaluated->value), "unknown");
    } else if (assertion->is_share) {
        share_evaluate(scope, assertion, evaluated);
    } else if (assertion->metric == METRIC_RATE) {
        value = scope->connections_per_s;
        evaluated->holds = compare(value, assertion->comparison, assertion->bound);
        number_set(evaluated, value, "per_s");
        value_write(evaluated, value, assertion->bound, 1, "/s");
    } else {
        value = (double)count_of(scope, assertion);
        evaluated->holds = compare(value, assertion->comparison, assertion->bound);
        number_set(evaluated, value, "count");
        value_write(evaluated, value, assertion->bound, 0, "");
    }
}

/* Evaluate one more; the texts in the configuration are already checked. */
static void text_evaluate(struct document *document, const char *text, struct assertion *assertion)
{
    struct document_assertion *evaluated = &document->assertions[document->assertion_count++];
    char error[OPTION_ERROR_BYTES];
    struct scope scope;

    *evaluated = (struct document_assertion){.holds = false, .number = (double)NAN};
    snprintf(evaluated->text, sizeof(evaluated->text), "%s", text);
    if (assertion_parse(text, assertion, error) < 0) {
        snprintf(evaluated->value, sizeof(evaluated->value), "not understood");
        return;
    }
    int result = scope_open(&scope, document, assertion->family);
    if (result == -ENOENT)
        snprintf(evaluated->value, sizeof(evaluated->value), "no %s target", assertion->family);
    else if (result < 0)
        snprintf(evaluated->value, sizeof(evaluated->value), "out of memory");
    else
        evaluate(&scope, assertion, evaluated);
    scope_close(&scope);
}

bool assertions_evaluate(struct document *document, const struct option_texts *texts)
{
    struct assertion assertion = {0};
    bool errors_are_asserted = false;
    bool schedule_is_asserted = !document_is_open_loop(document);
    bool all_hold = true;

    document->assertion_count = 0;
    for (uint32_t i = 0; i < texts->count; i++) {
        text_evaluate(document, texts->items[i], &assertion);
        errors_are_asserted = errors_are_asserted || assertion_is_of_errors(&assertion);
        schedule_is_asserted = schedule_is_asserted || assertion_is_of_schedule(&assertion);
    }
    if (!errors_are_asserted) {
        text_evaluate(document, "errors==0", &assertion);
        text_evaluate(document, "ok>0", &assertion); /* else a run without connections would pass */
    }
    if (!schedule_is_asserted) {
        text_evaluate(document, "dropped==0", &assertion);
        text_evaluate(document, ASSERTION_LATENESS, &assertion);
    }
    for (uint32_t i = 0; i < document->assertion_count; i++)
        all_hold = all_hold && document->assertions[i].holds;
    return all_hold;
}
