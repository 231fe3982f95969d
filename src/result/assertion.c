/* assertion = metric comparison value, with or without spaces between them
 *
 *   metric     = [family "."] ("rate" | count | [timing "."] statistic)
 *   family     = "ipv4" | "ipv6"           all targets of that family; else all targets
 *   count      = a row of `metrics` below, or the name of a kind of failure (result.h)
 *   timing     = "connect" | "greeting" | "close" | "total" | "lateness"      else "total"
 *   statistic  = "min" | "mean" | "max" | "p" and a percentile, 0 to 100
 *   comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
 *   value      = a rate for "rate", a duration for a statistic, a number or a percentage for a
 * count
 */
#include "result/assertion.h"

#include "base/escape.h"
#include "base/units.h"

#include <errno.h>
#include <string.h>

#define MILLION      UINT64_C(1000000)
#define SHOWN_BYTES  (ASSERTION_TEXT_BYTES + 16)
#define PROBLEM_ROOM (OPTION_ERROR_BYTES - SHOWN_BYTES - 16)

static const struct metric {
    const char *name; /* NULL: see metric_parse */
    bool has_share;   /* may be compared with a percentage */
    bool of_errors;
    bool of_machine; /* not known for one family */
} metrics[] = {
    [METRIC_RATE] = {.name = "rate"},
    [METRIC_STARTED] = {.name = "started"},
    [METRIC_OK] = {.name = "ok", .has_share = true, .of_errors = true},
    [METRIC_ERRORS] = {.name = "errors", .has_share = true, .of_errors = true},
    [METRIC_LATE] = {.name = "late", .has_share = true},
    [METRIC_DROPPED] = {.name = "dropped", .has_share = true},
    [METRIC_RETRANSMITS] = {.name = "retransmits", .of_machine = true},
    [METRIC_SYN_RETRANSMITS] = {.name = "syn_retransmits", .of_machine = true},
    [METRIC_STALLS] = {.name = "stalls", .of_machine = true},
    [METRIC_FAILURE] = {.has_share = true, .of_errors = true},
    [METRIC_LATENCY] = {.name = NULL},
};

static const char *const comparison_texts[COMPARISON_COUNT] = {
    [AT_MOST] = "<=", [AT_LEAST] = ">=", [EQUAL] = "==",
    [UNEQUAL] = "!=", [BELOW] = "<",     [ABOVE] = ">",
};

/* An assertion, split into its words. */
struct words {
    char copy[ASSERTION_TEXT_BYTES];
    const char *metric;
    const char *comparison;
    char *value;
};

static char *trim(char *text)
{
    text += strspn(text, " ");
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}

static int words_split(const char *text, struct words *words, char problem[PROBLEM_ROOM])
{
    if (strlen(text) >= sizeof(words->copy)) {
        snprintf(problem, PROBLEM_ROOM, "longer than %zu characters; write it shorter",
                 sizeof(words->copy) - 1);
        return -EINVAL;
    }
    snprintf(words->copy, sizeof(words->copy), "%s", text);

    /* Comparisons of two characters come first in the list, so the longest match is found. */
    char *at = words->copy + strcspn(words->copy, "<>=!");
    for (unsigned i = 0; i < COMPARISON_COUNT; i++) {
        words->comparison = comparison_texts[i];
        if (strncmp(at, words->comparison, strlen(words->comparison)) == 0) {
            words->value = trim(at + strlen(words->comparison));
            *at = '\0';
            words->metric = trim(words->copy);
            return (int)i;
        }
    }
    snprintf(problem, PROBLEM_ROOM, "needs a comparison, one of < <= > >= == !=, such as p99<5ms");
    return -EINVAL;
}

/* Read a decimal number of up to 6 decimals in millionths, so that it is exact. */
static int millionths_parse(const char *text, uint64_t max, uint64_t *ret_millionths)
{
    char with_unit[ASSERTION_TEXT_BYTES + 1];
    uint64_t millionths;

    snprintf(with_unit, sizeof(with_unit), "%sM", text);
    if (text[strspn(text, "0123456789.")] != '\0' || count_parse(with_unit, &millionths) < 0 ||
        millionths > max * MILLION)
        return -EINVAL;
    *ret_millionths = millionths;
    return 0;
}

/* Take a word and a dot from the beginning of *text. Returns true if they are there. */
static bool prefix_take(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0 || (*text)[length] != '.')
        return false;
    *text += length + 1;
    return true;
}

static const char *const statistic_names[] = {
    [STATISTIC_MIN] = "min", [STATISTIC_MEAN] = "mean", [STATISTIC_MAX] = "max"};

static int latency_parse(const char *text, struct assertion *assertion)
{
    uint64_t millionths;

    assertion->metric = METRIC_LATENCY;
    assertion->timing = TIMING_TOTAL;
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++) {
        if (prefix_take(&text, timing_name((enum timing)timing))) {
            assertion->timing = (enum timing)timing;
            break;
        }
    }
    for (unsigned statistic = STATISTIC_MIN; statistic <= STATISTIC_MAX; statistic++) {
        if (strcmp(text, statistic_names[statistic]) == 0) {
            assertion->statistic = (enum assertion_statistic)statistic;
            return 0;
        }
    }
    if (*text != 'p' || millionths_parse(text + 1, 100, &millionths) < 0)
        return -EINVAL;
    assertion->statistic = STATISTIC_PERCENTILE;
    assertion->percentile = (double)millionths / (double)MILLION;
    return 0;
}

/* Returns 0, -EINVAL (no such metric) or -ENOTSUP (not for one family). */
static int metric_parse(const char *text, struct assertion *assertion)
{
    if (prefix_take(&text, "ipv4"))
        assertion->family = "ipv4";
    else if (prefix_take(&text, "ipv6"))
        assertion->family = "ipv6";

    for (unsigned i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        if (metrics[i].name == NULL || strcmp(text, metrics[i].name) != 0)
            continue;
        assertion->metric = (enum assertion_metric)i;
        return metrics[i].of_machine && assertion->family != NULL ? -ENOTSUP : 0;
    }
    for (unsigned result = RESULT_OK + 1; result < RESULT_COUNT; result++) {
        if (strcmp(text, result_name((enum result)result)) == 0) {
            assertion->metric = METRIC_FAILURE;
            assertion->failure = (enum result)result;
            return 0;
        }
    }
    return latency_parse(text, assertion);
}

/* "rate, started, ok": the metrics with a name of their own. */
static void metric_names_write(char *text, size_t text_bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < sizeof(metrics) / sizeof(metrics[0]) && used < text_bytes; i++) {
        if (metrics[i].name != NULL)
            used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "",
                                     metrics[i].name);
    }
}

static void metric_problem(const char *metric, int result, char problem[PROBLEM_ROOM])
{
    char names[160];

    if (result == -ENOTSUP) {
        snprintf(problem, PROBLEM_ROOM,
                 "this is known only for the whole machine; omit the family, such as %s==0",
                 strchr(metric, '.') + 1);
        return;
    }
    metric_names_write(names, sizeof(names));
    snprintf(problem, PROBLEM_ROOM,
             "no such metric; there are %s, each kind of errors (such as refused), p50 and all "
             "percentiles to p100, min, mean, max, connect.p99, ipv6.p99; such as p99<5ms",
             names);
}

void assertion_help(FILE *out)
{
    char names[160];

    metric_names_write(names, sizeof(names));
    fprintf(out,
            "--assert METRIC COMPARISON VALUE: one expression each, in quotes, because the shell "
            "interprets < and >. Comparisons: < <= > >= == !=. Metrics, of all targets and "
            "families together: %s",
            names);
    fputs("; kinds of errors", out);
    for (unsigned result = RESULT_OK + 1; result < RESULT_COUNT; result++)
        fprintf(out, " %s", result_name((enum result)result));
    fputs("; latencies p0 to p100 with fractions (p99.9)", out);
    for (unsigned statistic = STATISTIC_MIN; statistic <= STATISTIC_MAX; statistic++)
        fprintf(out, " %s", statistic_names[statistic]);
    fprintf(out, ", which are of %s, or with a phase before (connect.p99) of",
            timing_name(TIMING_TOTAL));
    for (unsigned timing = 0; timing < TIMING_COUNT; timing++) {
        if (timing != TIMING_TOTAL)
            fprintf(out, " %s", timing_name((enum timing)timing));
    }
    fputs(". Of one family: ipv4.p99, ipv6.errors; but not", out);
    for (unsigned i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        if (metrics[i].of_machine)
            fprintf(out, " %s", metrics[i].name);
    }
    fputs(", which are of the machine. A number may be a share of what was started: errors<0.1%.",
          out);
}

static int count_value_parse(struct words *words, struct assertion *assertion)
{
    size_t length = strlen(words->value);
    uint64_t number = 0;
    int result;

    assertion->is_share = length > 0 && words->value[length - 1] == '%';
    if (assertion->is_share) {
        words->value[length - 1] = '\0';
        result = millionths_parse(words->value, 100, &number);
        words->value[length - 1] = '%';
        if (result == 0 && !metrics[assertion->metric].has_share)
            result = -ENOTSUP;
    } else {
        result = count_parse(words->value, &number);
    }
    assertion->bound = (double)number;
    return result;
}

/* Returns 0, or -errno with an error text. */
static int value_parse(struct words *words, struct assertion *assertion, char problem[PROBLEM_ROOM])
{
    const char *wanted, *example;
    struct option_rate rate;
    uint64_t ns = 0;
    int result;

    if (assertion->metric == METRIC_RATE) {
        wanted = "a rate";
        example = "20k/s";
        result = rate_parse(words->value, &rate.starts, &rate.period_ns);
        if (result == 0)
            assertion->bound = (double)rate.starts * (double)NS_PER_S / (double)rate.period_ns;
    } else if (assertion->metric == METRIC_LATENCY) {
        wanted = "a duration with its unit";
        example = "5ms";
        result = duration_parse(words->value, &ns);
        assertion->bound = (double)ns;
    } else {
        wanted = metrics[assertion->metric].has_share ? "a number or a percentage" : "a number";
        example = metrics[assertion->metric].has_share ? "1%" : "10";
        result = count_value_parse(words, assertion);
    }
    if (result < 0)
        snprintf(problem, PROBLEM_ROOM, "%s must be compared with %s, such as %s%s%s",
                 words->metric, wanted, words->metric, words->comparison, example);
    return result;
}

int assertion_parse(const char *text, struct assertion *ret_assertion,
                    char error[OPTION_ERROR_BYTES])
{
    struct assertion assertion = {0};
    struct words words;
    char shown[SHOWN_BYTES];
    char problem[PROBLEM_ROOM];
    int comparison = words_split(text, &words, problem);
    int result = comparison;

    if (result >= 0) {
        assertion.comparison = (enum assertion_comparison)comparison;
        result = metric_parse(words.metric, &assertion);
        if (result < 0)
            metric_problem(words.metric, result, problem);
        else
            result = value_parse(&words, &assertion, problem);
    }
    if (result < 0) {
        snprintf(error, OPTION_ERROR_BYTES, "--assert '%s': %s",
                 escape_encode(text, strlen(text), shown, sizeof(shown)), problem);
        return -EINVAL;
    }
    *ret_assertion = assertion;
    return 0;
}

int assertion_check(const char *text, char error[OPTION_ERROR_BYTES])
{
    struct assertion assertion;

    return assertion_parse(text, &assertion, error);
}

bool assertion_is_of_errors(const struct assertion *assertion)
{
    return metrics[assertion->metric].of_errors;
}

bool assertion_is_of_schedule(const struct assertion *assertion)
{
    switch (assertion->metric) {
    case METRIC_DROPPED:
    case METRIC_LATE:
    case METRIC_RATE:
        return true;
    case METRIC_LATENCY:
        return assertion->timing == TIMING_LATENESS;
    case METRIC_STARTED:
    case METRIC_OK:
    case METRIC_ERRORS:
    case METRIC_RETRANSMITS:
    case METRIC_SYN_RETRANSMITS:
    case METRIC_STALLS:
    case METRIC_FAILURE:
        break;
    }
    return false;
}
