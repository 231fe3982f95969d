/* The summary for people. From top to bottom: the run, the counts of connections, the durations of
 * their phases, the failures, the machine, and the conclusions. */
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

#define COLUMNS_MIN 60  /* below, no layout works: the terminal cuts lines */
#define COLUMNS_MAX 100 /* above, lines are hard to read */

#define PART_BYTES    512 /* as large as the reason for an engine */
#define TITLE_TARGETS 4   /* named in the title; the table has all of them */

static char *seconds(double s, char text[FIGURE_TEXT_BYTES])
{
    return figure_duration((uint64_t)(s * (double)NS_PER_S), text);
}

static void title(struct page *page, const struct document *document)
{
    uint32_t named =
        document->target_count > TITLE_TARGETS ? TITLE_TARGETS - 1 : document->target_count;

    page_put(page, PAGE_BOLD, "hello-load");
    for (uint32_t i = 0; i < named; i++) {
        const struct document_target *target = &document->targets[i];
        const char *host = target->host;
        const char *comma = i + 1 < document->target_count ? "," : "";
        struct address address;
        bool has_port;

        if (address_parse(host, &address, &has_port) < 0) /* then it is a name */
            page_wrapf(page, PAGE_BOLD, 2, " %s = %s%s", host, target->name, comma);
        else
            page_wrapf(page, PAGE_BOLD, 2, " %s%s", target->name, comma);
    }
    if (named < document->target_count)
        page_wrapf(page, PAGE_BOLD, 2, " and %" PRIu32 " more", document->target_count - named);
    page_end(page);
}

static void loop(struct page *page, const struct document *document)
{
    const struct result_options *options = &document->options;
    char connections[FIGURE_TEXT_BYTES];
    char rate[UNITS_TEXT_BYTES];

    figure_count(document->connections, connections);
    if (!document_is_open_loop(document)) {
        page_wrapf(page, PAGE_PLAIN, 2, "closed loop of %s", connections);
        return;
    }
    page_wrapf(page, PAGE_PLAIN, 2, "open loop at %s %s, at most %s in flight",
               rate_format(options->rate.starts, options->rate.period_ns, rate),
               options->arrivals == LOAD_POISSON ? "poisson" : "constant", connections);
    if (options->arrivals == LOAD_POISSON)
        page_wrapf(page, PAGE_PLAIN, 2, ", seed %" PRIu64, document->seed);
}

/* The kind of connections, and the duration. */
static void setup(struct page *page, const struct document *document)
{
    static const char *const proxies[] = {[LOAD_PROXY_V1] = "v1", [LOAD_PROXY_V2] = "v2"};
    const struct result_options *options = &document->options;
    char text[FIGURE_TEXT_BYTES];
    char ramp[UNITS_TEXT_BYTES];

    loop(page, document);
    page_wrapf(page, PAGE_PLAIN, 2, ", close %s", options->close == LOAD_CLOSE_RST ? "rst" : "fin");
    if (options->proxy_protocol != LOAD_PROXY_NONE)
        page_wrapf(page, PAGE_PLAIN, 2, ", proxy protocol %s", proxies[options->proxy_protocol]);
    if (options->send.bytes > 0)
        page_wrapf(page, PAGE_PLAIN, 2, ", sends %" PRIu32 " bytes", options->send.bytes);
    page_wrapf(page, PAGE_PLAIN, 2, ", %" PRIu32 " thread%s, engine %s", document->threads,
               document->threads == 1 ? "" : "s", document->engine);
    page_wrapf(page, PAGE_PLAIN, 2, ", %s", seconds(document->window_s, text));
    if (options->warmup_ns > 0)
        page_wrapf(page, PAGE_PLAIN, 2, " after %s of warm-up", seconds(document->warmup_s, text));
    if (options->ramp_ns > 0)
        page_wrapf(page, PAGE_PLAIN, 2, ", ramp of %s", duration_format(options->ramp_ns, ramp));
    page_end(page);
}

/* Highlighted: it matters when numbers are compared. */
static void cut_short(struct page *page, const struct document *document)
{
    const struct result_options *options = &document->options;
    char duration[UNITS_TEXT_BYTES];
    char ended[FIGURE_TEXT_BYTES];
    char count[FIGURE_TEXT_BYTES];

    if (!document->cut_short)
        return;
    if (options->duration_ns > 0)
        page_wrapf(page, PAGE_RED, 2, "CUT SHORT by a signal: %s of %s were measured",
                   seconds(document->window_s, ended),
                   duration_format(options->duration_ns, duration));
    else
        page_wrapf(page, PAGE_RED, 2, "CUT SHORT by a signal: %s of %s connections were measured",
                   figure_count(document->all.tally->started, ended),
                   figure_count(options->count, count));
    if (document->all.tally->abandoned > 0)
        page_wrapf(page, PAGE_RED, 2, "; %s connections were still open",
                   figure_count(document->all.tally->abandoned, ended));
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

/* The kernel's counts, if they are remarkable. */
static void kernel(struct page *page, const struct document *document)
{
    const struct usage *usage = &document->usage;
    uint64_t overflows = document->target_is_local ? usage->listen_overflows : 0;
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

/* A share of the total CPU time of the machine. */
static char *cpu_percent(const struct document *document, uint64_t ns, char text[FIGURE_TEXT_BYTES])
{
    double all_ns = (double)document->usage.time_ns * document->machine.cpus_allowed;

    if (!fact_is_number(ns) || document->machine.cpus_allowed == 0) {
        snprintf(text, FIGURE_TEXT_BYTES, "unknown");
        return text;
    }
    return figure_percent(all_ns > 0 ? (double)ns / all_ns : 0, text);
}

static void machine_kind(struct page *page, const struct document *document)
{
    const struct machine *machine = &document->machine;
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
    if (fact_is_number(document->tracked_connections) && document->tracked_connections > 0)
        part(page, "the kernel tracks connections (%s)",
             figure_count(document->tracked_connections, tracked));
    page_end(page);
}

static void machine_use(struct page *page, const struct document *document)
{
    const struct usage *usage = &document->usage;
    const struct stalls *stalls = &document->stalls;
    char count[FIGURE_TEXT_BYTES];
    char text[FIGURE_TEXT_BYTES];

    page_to(page, PAGE_LABEL_COLUMNS);
    part(page, "own CPU %s of %u CPU%s", cpu_percent(document, usage->process_ns, text),
         document->machine.cpus_allowed, document->machine.cpus_allowed == 1 ? "" : "s");
    part(page, "softirq %s", cpu_percent(document, usage->softirq_ns, text));
    part(page, "steal %s", cpu_percent(document, usage->steal_ns, text));
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

/* The engine and the reason for it: at most one sentence. */
static void engine(struct page *page, const struct document *document)
{
    page_label(page, "engine");
    part(page, "%s", document->engine);
    if (document->engine_reason[0])
        part(page, "%s", document->engine_reason);
    page_end(page);
}

/* How many connections reused a socket, which makes the rate incomparable with others. */
static void sockets(struct page *page, const struct document_sockets *sockets)
{
    char made[FIGURE_TEXT_BYTES];
    char reused[FIGURE_TEXT_BYTES];

    page_label(page, "sockets");
    part(page, "%s of %s reused", figure_count(sockets->reused, reused),
         figure_count(sockets->opened + sockets->reused, made));
    if (sockets->refusal[0])
        part(page, "%s", sockets->refusal);
    page_end(page);
}

static void verdicts(struct page *page, const struct document *document)
{
    if (document->verdict_count > 0)
        page_end(page);
    for (uint32_t i = 0; i < document->verdict_count; i++) {
        page_put(page, PAGE_WARNING, "-");
        page_to(page, 2);
        page_wrap(page, PAGE_PLAIN, 2, document->verdicts[i].text);
        page_end(page);
    }
}

static void assertions(struct page *page, const struct document *document)
{
    static const char *const marks[2][2] = {{"x", "+"}, {"✗", "✓"}}; /* ASCII; UTF-8 */
    unsigned widest = 0;

    if (document->assertion_count > 0)
        page_end(page);
    for (uint32_t i = 0; i < document->assertion_count; i++) {
        unsigned columns = page_width(document->assertions[i].text);

        widest = columns > widest ? columns : widest;
    }
    for (uint32_t i = 0; i < document->assertion_count; i++) {
        const struct document_assertion *assertion = &document->assertions[i];

        page_put(page, assertion->holds ? PAGE_GREEN : PAGE_RED,
                 marks[page->can_utf8][assertion->holds]);
        page_to(page, 2);
        page_put(page, PAGE_PLAIN, assertion->text);
        page_to(page, 2 + widest + 2);
        page_put(page, assertion->holds ? PAGE_DIM : PAGE_RED, assertion->value);
        page_end(page);
    }
}

void report_text(const struct document *document, FILE *out, const struct terminal *terminal)
{
    struct page page = {.out = out, .columns = terminal->columns, .can_utf8 = terminal->can_utf8};

    if (page.columns < COLUMNS_MIN)
        page.columns = COLUMNS_MIN;
    if (page.columns > COLUMNS_MAX)
        page.columns = COLUMNS_MAX;
    if (terminal->can_color)
        page.styles = page_ansi_styles;
    title(&page, document);
    setup(&page, document);
    cut_short(&page, document);
    report_table_counts(&page, document);
    report_table_timings(&page, document);
    report_errors(&page, document);
    page_end(&page);
    kernel(&page, document);
    machine_kind(&page, document);
    machine_use(&page, document);
    report_threads(&page, document);
    engine(&page, document);
    sockets(&page, &document->sockets);
    verdicts(&page, document);
    assertions(&page, document);
}
