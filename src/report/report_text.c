/* The summary for people. From top to bottom: what was run, how many connections, how long their
 * phases took, what failed, what the machine did, and what follows from it. */
#include "base/fact.h"
#include "base/units.h"
#include "report/figure.h"
#include "report/page.h"
#include "report/report.h"
#include "report/report_errors.h"
#include "report/report_table.h"
#include "report/report_threads.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS_MIN 60  /* below, nothing can be laid out: lines are cut by the terminal */
#define COLUMNS_MAX 100 /* above, lines are hard to read */

#define PART_BYTES    512 /* as long as the reason for an engine */
#define TITLE_TARGETS 4   /* named in the title; the table has them all */

static char *seconds(double s, char text[FIGURE_TEXT_BYTES])
{
    return figure_duration((uint64_t)(s * (double)NS_PER_S), text);
}

static void title(struct page *page, const struct report *report)
{
    uint32_t named = report->lane_count > TITLE_TARGETS ? TITLE_TARGETS - 1 : report->lane_count;

    page_put(page, PAGE_BOLD, "hello-load");
    for (uint32_t i = 0; i < named; i++) {
        const struct report_lane *lane = &report->lanes[i];
        const char *host = lane->target->host;
        const char *comma = i + 1 < report->lane_count ? "," : "";
        struct address address;
        bool has_port;

        if (address_parse(host, &address, &has_port) < 0) /* so it is a name */
            page_wrapf(page, PAGE_BOLD, 2, " %s = %s%s", host, lane->name, comma);
        else
            page_wrapf(page, PAGE_BOLD, 2, " %s%s", lane->name, comma);
    }
    if (named < report->lane_count)
        page_wrapf(page, PAGE_BOLD, 2, " and %" PRIu32 " more", report->lane_count - named);
    page_end(page);
}

static void loop(struct page *page, const struct report *report)
{
    const struct load_config *config = report->config;
    char connections[FIGURE_TEXT_BYTES];
    char rate[UNITS_TEXT_BYTES];

    figure_count(report->connections, connections);
    if (!load_is_open_loop(report->config)) {
        page_wrapf(page, PAGE_PLAIN, 2, "closed loop of %s", connections);
        return;
    }
    page_wrapf(page, PAGE_PLAIN, 2, "open loop at %s %s, at most %s in flight",
               rate_format(config->rate.starts, config->rate.period_ns, rate),
               config->arrivals == LOAD_POISSON ? "poisson" : "constant", connections);
    if (config->arrivals == LOAD_POISSON)
        page_wrapf(page, PAGE_PLAIN, 2, ", seed %" PRIu64, report->seed);
}

/* What the connections were like, and how long it went on. */
static void setup(struct page *page, const struct report *report)
{
    static const char *const proxies[] = {[LOAD_PROXY_V1] = "v1", [LOAD_PROXY_V2] = "v2"};
    const struct load_config *config = report->config;
    char text[FIGURE_TEXT_BYTES];
    char ramp[UNITS_TEXT_BYTES];

    loop(page, report);
    page_wrapf(page, PAGE_PLAIN, 2, ", close %s", config->close == LOAD_CLOSE_RST ? "rst" : "fin");
    if (config->proxy_protocol != LOAD_PROXY_NONE)
        page_wrapf(page, PAGE_PLAIN, 2, ", proxy protocol %s", proxies[config->proxy_protocol]);
    if (config->send.bytes > 0)
        page_wrapf(page, PAGE_PLAIN, 2, ", sends %" PRIu32 " bytes", config->send.bytes);
    page_wrapf(page, PAGE_PLAIN, 2, ", %" PRIu32 " thread%s, engine %s", report->threads,
               report->threads == 1 ? "" : "s", report->engine);
    page_wrapf(page, PAGE_PLAIN, 2, ", %s", seconds(report->window_s, text));
    if (config->warmup_ns > 0)
        page_wrapf(page, PAGE_PLAIN, 2, " after %s of warm-up", seconds(report->warmup_s, text));
    if (config->ramp_ns > 0)
        page_wrapf(page, PAGE_PLAIN, 2, ", ramp of %s", duration_format(config->ramp_ns, ramp));
    page_end(page);
}

/* Said loudly: whoever compares numbers should know. */
static void cut_short(struct page *page, const struct report *report)
{
    const struct load_config *config = report->config;
    char duration[UNITS_TEXT_BYTES];
    char ended[FIGURE_TEXT_BYTES];
    char count[FIGURE_TEXT_BYTES];

    if (!report->cut_short)
        return;
    if (config->duration_ns > 0)
        page_wrapf(page, PAGE_RED, 2, "CUT SHORT by a signal: %s of %s were measured",
                   seconds(report->window_s, ended),
                   duration_format(config->duration_ns, duration));
    else
        page_wrapf(page, PAGE_RED, 2, "CUT SHORT by a signal: %s of %s connections were measured",
                   figure_count(report->all.tally->started, ended),
                   figure_count(config->count, count));
    if (report->all.tally->abandoned > 0)
        page_wrapf(page, PAGE_RED, 2, "; %s connections were still open",
                   figure_count(report->all.tally->abandoned, ended));
    page_end(page);
}

/* Commas between the parts of a section, but not before the first. */
static void part(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void part(struct page *page, const char *format, ...)
{
    char text[PART_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (page->written > PAGE_LABEL_COLUMNS)
        page_wrap(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, ", ");
    page_wrap(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, text);
}

static char *count_text(uint64_t count, char text[FIGURE_TEXT_BYTES])
{
    if (fact_is_number(count))
        return figure_count(count, text);
    snprintf(text, FIGURE_TEXT_BYTES, "unknown");
    return text;
}

/* What the kernel counted, if it is anything to look at. */
static void kernel(struct page *page, const struct report *report)
{
    const struct usage *usage = &report->usage;
    uint64_t overflows = report->target_is_local ? usage->listen_overflows : 0;
    char count[FIGURE_TEXT_BYTES];

    if (usage->syn_retransmits == 0 && usage->retransmits == 0 && overflows == 0)
        return;
    page_label(page, "kernel");
    part(page, "%s SYN retransmits", count_text(usage->syn_retransmits, count));
    part(page, "%s retransmits in all", count_text(usage->retransmits, count));
    if (fact_is_number(overflows) && overflows > 0)
        part(page, "%s listen overflows (the accept queue here was full)",
             figure_count(overflows, count));
    page_end(page);
}

/* A share of all the CPU time that there was. */
static char *cpu_percent(const struct report *report, uint64_t ns, char text[FIGURE_TEXT_BYTES])
{
    double all_ns = (double)report->usage.time_ns * report->machine.cpus_allowed;

    if (!fact_is_number(ns) || report->machine.cpus_allowed == 0) {
        snprintf(text, FIGURE_TEXT_BYTES, "unknown");
        return text;
    }
    return figure_percent(all_ns > 0 ? (double)ns / all_ns : 0, text);
}

static void machine_kind(struct page *page, const struct report *report)
{
    const struct machine *machine = &report->machine;
    char period[UNITS_TEXT_BYTES];
    char quota[UNITS_TEXT_BYTES];
    char tracked[FIGURE_TEXT_BYTES];

    page_label(page, "machine");
    part(page, "%s", machine->kernel);
    if (machine->cpu_model[0])
        part(page, "%s", machine->cpu_model);
    if (machine->cpus_allowed == 0)
        part(page, "unknown CPUs");
    else if (machine->cpus_allowed < machine->cpus_online)
        part(page, "%" PRIu32 " of %" PRIu32 " CPUs", machine->cpus_allowed, machine->cpus_online);
    else
        part(page, "%" PRIu32 " CPU%s", machine->cpus_allowed,
             machine->cpus_allowed == 1 ? "" : "s");
    if (!fact_is_number(machine->quota_us))
        part(page, machine->quota_us == FACT_NONE ? "no quota" : "quota unknown");
    else
        part(page, "quota of %s in %s", duration_format(machine->quota_us * NS_PER_US, quota),
             duration_format(machine->quota_period_us * NS_PER_US, period));
    if (fact_is_number(report->tracked_connections) && report->tracked_connections > 0)
        part(page, "the kernel tracks connections (%s)",
             figure_count(report->tracked_connections, tracked));
    page_end(page);
}

static void machine_use(struct page *page, const struct report *report)
{
    const struct usage *usage = &report->usage;
    const struct stalls *stalls = report->stalls;
    char count[FIGURE_TEXT_BYTES];
    char text[FIGURE_TEXT_BYTES];

    page_to(page, PAGE_LABEL_COLUMNS);
    part(page, "own CPU %s of %u CPU%s", cpu_percent(report, usage->process_ns, text),
         report->machine.cpus_allowed, report->machine.cpus_allowed == 1 ? "" : "s");
    part(page, "softirq %s", cpu_percent(report, usage->softirq_ns, text));
    part(page, "steal %s", cpu_percent(report, usage->steal_ns, text));
    if (usage->throttled_count == FACT_UNKNOWN)
        part(page, "throttling unknown");
    else if (usage->throttled_count > 0)
        part(page, "throttled in %s periods for %s", figure_count(usage->throttled_count, count),
             figure_duration(usage->throttled_ns, text));
    else
        part(page, "not throttled");
    if (stalls->count > 0)
        part(page, "%s stall%s, longest %s", figure_count(stalls->count, count),
             stalls->count == 1 ? "" : "s", figure_duration(stalls->longest_ns, text));
    else
        part(page, "no stalls");
    page_end(page);
}

/* Which engine, and why that one: a sentence at the most. */
static void engine(struct page *page, const struct report *report)
{
    page_label(page, "engine");
    part(page, "%s", report->engine);
    if (report->engine_reason[0])
        part(page, "%s", report->engine_reason);
    page_end(page);
}

/* How many connections were made with a socket that had made one before, which makes a rate
 * incomparable with another's. */
static void sockets(struct page *page, const struct report_sockets *sockets)
{
    char made[FIGURE_TEXT_BYTES];
    char reused[FIGURE_TEXT_BYTES];

    page_label(page, "sockets");
    part(page, "%s of %s reused", figure_count(sockets->reused, reused),
         figure_count(sockets->opened + sockets->reused, made));
    if (sockets->refusal)
        part(page, "%s", sockets->refusal);
    page_end(page);
}

static void verdicts(struct page *page, const struct report *report)
{
    if (report->verdict_count > 0)
        page_end(page);
    for (uint32_t i = 0; i < report->verdict_count; i++) {
        page_put(page, PAGE_WARNING, "-");
        page_to(page, 2);
        page_wrap(page, PAGE_PLAIN, 2, report->verdicts[i].text);
        page_end(page);
    }
}

static void assertions(struct page *page, const struct report *report)
{
    static const char *const marks[2][2] = {{"x", "+"}, {"✗", "✓"}}; /* ASCII; UTF-8 */
    unsigned widest = 0;

    if (report->assertion_count > 0)
        page_end(page);
    for (uint32_t i = 0; i < report->assertion_count; i++) {
        unsigned columns = page_width(report->assertions[i].text);

        widest = columns > widest ? columns : widest;
    }
    for (uint32_t i = 0; i < report->assertion_count; i++) {
        const struct report_assertion *assertion = &report->assertions[i];

        page_put(page, assertion->holds ? PAGE_GREEN : PAGE_RED,
                 marks[page->can_utf8][assertion->holds]);
        page_to(page, 2);
        page_put(page, PAGE_PLAIN, assertion->text);
        page_to(page, 2 + widest + 2);
        page_put(page, assertion->holds ? PAGE_DIM : PAGE_RED, assertion->value);
        page_end(page);
    }
}

void report_text(const struct report *report, FILE *out, const struct terminal *terminal)
{
    struct page page = {.out = out, .columns = terminal->columns, .can_utf8 = terminal->can_utf8};

    if (page.columns < COLUMNS_MIN)
        page.columns = COLUMNS_MIN;
    if (page.columns > COLUMNS_MAX)
        page.columns = COLUMNS_MAX;
    if (terminal->can_color)
        page.styles = page_ansi_styles;
    title(&page, report);
    setup(&page, report);
    cut_short(&page, report);
    report_table_counts(&page, report);
    report_table_timings(&page, report);
    report_errors(&page, report);
    page_end(&page);
    kernel(&page, report);
    machine_kind(&page, report);
    machine_use(&page, report);
    report_threads(&page, report);
    engine(&page, report);
    sockets(&page, &report->sockets);
    verdicts(&page, report);
    assertions(&page, report);
}
