#include "report/verdict.h"

#include "report/verdict_rule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Share of the maximum in flight: from here on, the maximum limits the starts. */
#define CAPPED_SHARE 0.9

bool verdict_holds(char *text, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(text, DOCUMENT_VERDICT_BYTES, format, values);
    va_end(values);
    return true;
}

/* "1,234 connections (12 %)" */
static char *failed_text(const struct document *document, uint64_t count,
                         char text[2 * FIGURE_TEXT_BYTES])
{
    double started = (double)document->all.tally->started;

    snprintf(text, 2 * (size_t)FIGURE_TEXT_BYTES, "%s connection%s (%s)", figure_count(count, ROOM),
             verdict_plural(count),
             figure_percent(started > 0 ? (double)count / started : 0, ROOM));
    return text;
}

static bool find_no_ports(const struct document *document, char *text)
{
    uint64_t count = tally_failed_as(document->all.tally, RESULT_NO_PORT);
    const struct option_ports *ports = &document->options.source_ports;
    bool can_reuse = strcmp(machine_setting(&document->machine, "net.ipv4.tcp_tw_reuse"), "1") != 0;
    char failed[2 * FIGURE_TEXT_BYTES], range[64];

    if (count == 0)
        return false;
    if (ports->low > 0)
        snprintf(range, sizeof(range), "--source-ports (%u-%u)", ports->low, ports->high);
    else
        snprintf(range, sizeof(range), "net.ipv4.ip_local_port_range (%.24s)",
                 machine_setting(&document->machine, "net.ipv4.ip_local_port_range"));
    return verdict_holds(
        text, "%s found no free local port: use more addresses (--source), widen %s%s%s",
        failed_text(document, count, failed), range,
        document->options.close == LOAD_CLOSE_FIN ? ", leave no TIME_WAIT (--close rst)" : "",
        can_reuse ? ", or set net.ipv4.tcp_tw_reuse to 1" : "");
}

static bool find_no_address(const struct document *document, char *text)
{
    uint64_t count = tally_failed_as(document->all.tally, RESULT_NO_ADDRESS);
    char failed[2 * FIGURE_TEXT_BYTES];

    if (count == 0)
        return false;
    return verdict_holds(
        text,
        "%s had a source address that is not one of this machine: see ip address, and "
        "change --source, or add the address",
        failed_text(document, count, failed));
}

static bool find_no_descriptors(const struct document *document, char *text)
{
    uint64_t count = tally_failed_as(document->all.tally, RESULT_NO_DESCRIPTOR);
    char failed[2 * FIGURE_TEXT_BYTES];

    if (count == 0)
        return false;
    return verdict_holds(
        text,
        "%s found no free descriptor: raise the limit (ulimit -n), or ask for fewer at a "
        "time than %s (-c)",
        failed_text(document, count, failed), figure_count(document->connections, ROOM));
}

/* True if the series shows that the maximum of connections was in flight. */
static bool is_capped(const struct document *document)
{
    for (uint64_t i = 0; i < document->interval_count; i++) {
        const struct document_interval *interval = &document->intervals[i];

        /* Some may have ended just before the count. */
        if (!interval->warmup &&
            (double)interval->in_flight >= CAPPED_SHARE * (double)document->connections)
            return true;
    }
    return false;
}

/* True if the generator had too little CPU; another verdict reports that. */
static bool is_short_of_cpu(const struct document *document)
{
    char text[DOCUMENT_VERDICT_BYTES];

    return verdict_throttled(document, text) || verdict_stalls_grid(document, text) ||
           verdict_generator_busy(document, text) || verdict_cpu_shared(document, text) ||
           verdict_cpus_full(document, text);
}

/* Why starts were late or dropped, and what to change. */
static const char *late_reason(const struct document *document)
{
    if (is_short_of_cpu(document))
        return "because the generator had too little CPU; lower the rate (-r), or give it more";
    if (is_capped(document))
        return "because all allowed connections were in flight: the service is slower than the "
               "rate; "
               "raise -c, or lower the rate (-r)";
    return "because the generator or its machine was delayed, or -c was too low for a moment; "
           "repeat the run, or lower the rate (-r)";
}

static bool find_starts_dropped(const struct document *document, char *text)
{
    const struct tally *tally = document->all.tally;
    uint64_t intended = tally->started + tally->dropped;

    if (tally->dropped == 0)
        return false;
    return verdict_holds(text, "%s of %s starts (%s) were never made, %s",
                         figure_count(tally->dropped, ROOM), figure_count(intended, ROOM),
                         figure_percent((double)tally->dropped / (double)intended, ROOM),
                         late_reason(document));
}

static bool find_starts_late(const struct document *document, char *text)
{
    const struct histogram *lateness = &document->all.tally->timings[TIMING_LATENESS];
    uint64_t late_ns = histogram_percentile(lateness, 99);

    if (!document_is_open_loop(document) || late_ns <= VERDICT_LATENESS_NS)
        return false;
    return verdict_holds(text,
                         "one start in a hundred was %s late or more, which counts as latency, %s",
                         figure_duration(late_ns, ROOM), late_reason(document));
}

static bool find_syn_retransmits(const struct document *document, char *text)
{
    const struct usage *usage = &document->usage;

    if (document->target_is_local && fact_is_number(usage->listen_overflows) &&
        usage->listen_overflows > 0)
        return verdict_holds(
            text,
            "a local accept queue overflowed %s time%s, and %s SYNs were sent again, "
            "at a cost of 1s or more each: the service accepts too slowly, or its backlog "
            "is too small; raise it, and net.core.somaxconn (%.16s)",
            figure_count(usage->listen_overflows, ROOM), verdict_plural(usage->listen_overflows),
            figure_count(usage->syn_retransmits, ROOM),
            machine_setting(&document->machine, "net.core.somaxconn"));
    if (usage->syn_retransmits == 0 || !fact_is_number(usage->syn_retransmits))
        return false;
    return verdict_holds(
        text,
        "%s SYN%s of this network namespace had to be sent again: packets were lost or the accept "
        "queue of the service was full (1s or more each), or it still knew the ports (TIME_WAIT; a "
        "few ms each); look at its ListenOverflows (nstat) and at the network",
        figure_count(usage->syn_retransmits, ROOM), verdict_plural(usage->syn_retransmits));
}

static bool find_values_above_range(const struct document *document, char *text)
{
    uint64_t above = 0;

    for (int i = 0; i < TIMING_COUNT; i++)
        above += document->all.tally->timings[i].above;
    if (above == 0)
        return false;
    return verdict_holds(
        text, "%s duration%s beyond %s, where percentiles may be too low; the maximum is exact",
        figure_count(above, ROOM), above == 1 ? " was" : "s were",
        duration_format(HISTOGRAM_MAX_NS, ROOM));
}

static bool find_cut_short(const struct document *document, char *text)
{
    if (!document->cut_short)
        return false;
    return verdict_holds(
        text, "a signal ended the run: all numbers are of the %s that were measured until then",
        figure_duration((uint64_t)(document->window_s * (double)NS_PER_S), ROOM));
}

static bool find_too_short(const struct document *document, char *text)
{
    uint64_t good = document->all.tally->ok;

    if (good >= VERDICT_GOOD_MIN)
        return false;
    if (good == 0)
        return verdict_holds(text, "no connection ended well, so nothing could be timed%s",
                             tally_failed(document->all.tally) ? ": see the errors" : "");
    return verdict_holds(
        text,
        "only %s connection%s ended well, too few for a p99: measure for longer (-d), or "
        "make more (-n)",
        figure_count(good, ROOM), verdict_plural(good));
}

/* Most important first. */
static const struct {
    const char *name;
    verdict_rule *rule;
    enum document_limit limit;
} verdicts[] = {
    {"refused", verdict_refused, DOCUMENT_LIMIT_UNKNOWN},
    {"unreachable", verdict_unreachable, DOCUMENT_LIMIT_UNKNOWN},
    {"no_handshake", verdict_no_handshake, DOCUMENT_LIMIT_UNKNOWN},
    {"silent_service", verdict_silent_service, DOCUMENT_LIMIT_UNKNOWN},
    {"kept_open", verdict_kept_open, DOCUMENT_LIMIT_UNKNOWN},
    {"http_status", verdict_http_status, DOCUMENT_LIMIT_UNKNOWN},
    {"wrong_answer", verdict_wrong_answer, DOCUMENT_LIMIT_UNKNOWN},
    {"throttled", verdict_throttled, DOCUMENT_LIMIT_MACHINE},
    {"stalls_grid", verdict_stalls_grid, DOCUMENT_LIMIT_MACHINE},
    {"generator_busy", verdict_generator_busy, DOCUMENT_LIMIT_GENERATOR},
    {"cpu_shared", verdict_cpu_shared, DOCUMENT_LIMIT_MACHINE},
    {"cpus_full", verdict_cpus_full, DOCUMENT_LIMIT_MACHINE},
    {"no_ports", find_no_ports, DOCUMENT_LIMIT_MACHINE},
    {"no_address", find_no_address, DOCUMENT_LIMIT_MACHINE},
    {"no_descriptors", find_no_descriptors, DOCUMENT_LIMIT_MACHINE},
    {"starts_dropped", find_starts_dropped, DOCUMENT_LIMIT_GENERATOR},
    {"starts_late", find_starts_late, DOCUMENT_LIMIT_GENERATOR},
    {"steal", verdict_steal, DOCUMENT_LIMIT_MACHINE},
    {"stalls", verdict_stalls, DOCUMENT_LIMIT_MACHINE},
    {"syn_retransmits", find_syn_retransmits, DOCUMENT_LIMIT_NONE},
    {"threads_exceed_cpus", verdict_threads_exceed_cpus, DOCUMENT_LIMIT_NONE},
    {"values_above_range", find_values_above_range, DOCUMENT_LIMIT_NONE},
    {"cut_short", find_cut_short, DOCUMENT_LIMIT_NONE},
    {"too_short", find_too_short, DOCUMENT_LIMIT_NONE},
};
#define VERDICT_COUNT (sizeof(verdicts) / sizeof(verdicts[0]))
_Static_assert(VERDICT_COUNT < DOCUMENT_VERDICTS_MAX, "no room for generator_fine");

/* " and waited for it 3 %": if it is known, and not 0. */
static char *waited_text(const struct document *document, char text[FIGURE_TEXT_BYTES + 24])
{
    double most = 0;

    for (uint32_t i = 0; i < document->threads; i++) {
        if (document->thread[i].waited > most)
            most = document->thread[i].waited;
    }
    text[0] = '\0';
    if (most > VERDICT_TIME_SHARE)
        snprintf(text, FIGURE_TEXT_BYTES + 24, " and waited for it %s", figure_percent(most, ROOM));
    return text;
}

/* When nothing on the generator's side was the limit. */
static void say_fine(const struct document *document, char *text)
{
    const char *used = figure_percent(verdict_busy(document).share, ROOM);
    const struct histogram *lateness = &document->all.tally->timings[TIMING_LATENESS];
    char waited[FIGURE_TEXT_BYTES + 24];

    waited_text(document, waited);
    if (document_is_open_loop(document))
        verdict_holds(text,
                      "the generator was not the limit: its busiest thread used %s of its CPU%s, "
                      "and starts were on time (p99 %s late)",
                      used, waited, figure_duration(histogram_percentile(lateness, 99), ROOM));
    else
        verdict_holds(text,
                      "the generator was not the limit: its busiest thread used %s of its CPU%s; "
                      "the limit was the service, the network or the number of connections "
                      "(-c %" PRIu64 ")",
                      used, waited, document->connections);
}

/* When too little is known to say anything about the generator. Returns false if enough is
 * known. */
static bool say_unknown(const struct document *document, char *text)
{
    if (document->usage.time_ns < VERDICT_TICKS_NS)
        return verdict_holds(text,
                             "the run was too short to say whether the generator was the limit; "
                             "measure for a second or longer (-d)");
    return verdict_may_be_limit(document, text);
}

/* Begin a verdict; it is added when its text is written. */
static struct document_verdict *verdict_begin(struct document *document, const char *name,
                                              enum document_limit limit)
{
    struct document_verdict *verdict = &document->verdicts[document->verdict_count];

    *verdict = (struct document_verdict){.limit = limit};
    snprintf(verdict->name, sizeof(verdict->name), "%s", name);
    return verdict;
}

/* The last verdict if no rule has found a limit: there was none, or that is unknown. */
static void say_whether_fine(struct document *document)
{
    struct document_verdict *verdict =
        verdict_begin(document, "generator_unknown", DOCUMENT_LIMIT_UNKNOWN);

    if (say_unknown(document, verdict->text)) {
        document->limit = DOCUMENT_LIMIT_UNKNOWN;
    } else {
        verdict = verdict_begin(document, "generator_fine", DOCUMENT_LIMIT_NONE);
        verdict->is_good = true;
        say_fine(document, verdict->text);
    }
    document->verdict_count++;
}

void verdicts_find(struct document *document)
{
    document->verdict_count = 0;
    document->limit = DOCUMENT_LIMIT_NONE;
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        struct document_verdict *verdict =
            verdict_begin(document, verdicts[i].name, verdicts[i].limit);

        if (!verdicts[i].rule(document, verdict->text))
            continue;
        document->verdict_count++;
        if (document->limit == DOCUMENT_LIMIT_NONE)
            document->limit = verdict->limit;
    }
    if ((document->window_s <= 0 || document->all.tally->ok == 0) &&
        document->limit == DOCUMENT_LIMIT_NONE)
        document->limit = DOCUMENT_LIMIT_UNKNOWN; /* nothing was measured, so it cannot be fine */
    else if (document->limit == DOCUMENT_LIMIT_NONE)
        say_whether_fine(document);
}
