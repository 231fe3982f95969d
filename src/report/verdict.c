#include "report/verdict.h"

#include "report/verdict_rule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Of the connections that may be in flight: from here on, that is what limits the starts. */
#define CAPPED_SHARE 0.9

bool verdict_holds(char *text, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(text, REPORT_VERDICT_BYTES, format, values);
    va_end(values);
    return true;
}

/* "1,234 connections (12 %)" */
static char *failed_text(const struct report *report, uint64_t count,
                         char text[2 * FIGURE_TEXT_BYTES])
{
    double started = (double)report->all.tally->started;

    snprintf(text, 2 * (size_t)FIGURE_TEXT_BYTES, "%s connection%s (%s)", figure_count(count, ROOM),
             verdict_plural(count),
             figure_percent(started > 0 ? (double)count / started : 0, ROOM));
    return text;
}

static bool find_no_ports(const struct report *report, char *text)
{
    uint64_t count = tally_failed_as(report->all.tally, RESULT_NO_PORT);
    const struct option_ports *ports = &report->config->source_ports;
    bool can_reuse = strcmp(machine_setting(&report->machine, "net.ipv4.tcp_tw_reuse"), "1") != 0;
    char failed[2 * FIGURE_TEXT_BYTES], range[64];

    if (count == 0)
        return false;
    if (ports->low > 0)
        snprintf(range, sizeof(range), "--source-ports (%u-%u)", ports->low, ports->high);
    else
        snprintf(range, sizeof(range), "net.ipv4.ip_local_port_range (%.24s)",
                 machine_setting(&report->machine, "net.ipv4.ip_local_port_range"));
    return verdict_holds(
        text, "%s found no free local port: use more addresses (--source), widen %s%s%s",
        failed_text(report, count, failed), range,
        report->config->close == LOAD_CLOSE_FIN ? ", leave no TIME_WAIT (--close rst)" : "",
        can_reuse ? ", or set net.ipv4.tcp_tw_reuse to 1" : "");
}

static bool find_no_address(const struct report *report, char *text)
{
    uint64_t count = tally_failed_as(report->all.tally, RESULT_NO_ADDRESS);
    char failed[2 * FIGURE_TEXT_BYTES];

    if (count == 0)
        return false;
    return verdict_holds(
        text,
        "%s had a source address that is not one of this machine: see ip address, and "
        "change --source, or add the address",
        failed_text(report, count, failed));
}

static bool find_no_descriptors(const struct report *report, char *text)
{
    uint64_t count = tally_failed_as(report->all.tally, RESULT_NO_DESCRIPTOR);
    char failed[2 * FIGURE_TEXT_BYTES];

    if (count == 0)
        return false;
    return verdict_holds(
        text,
        "%s found no free descriptor: raise the limit (ulimit -n), or ask for fewer at a "
        "time than %s (-c)",
        failed_text(report, count, failed), figure_count(report->connections, ROOM));
}

/* True if the series shows that all connections that may be in flight were. */
static bool is_capped(const struct report *report)
{
    for (uint64_t i = 0; i < report->interval_count; i++) {
        const struct report_interval *interval = &report->intervals[i];

        /* Some may have ended just before they were counted. */
        if (!interval->warmup &&
            (double)interval->in_flight >= CAPPED_SHARE * (double)report->connections)
            return true;
    }
    return false;
}

/* True if the generator had too little CPU, which another verdict then says. */
static bool is_short_of_cpu(const struct report *report)
{
    char text[REPORT_VERDICT_BYTES];

    return verdict_throttled(report, text) || verdict_stalls_grid(report, text) ||
           verdict_generator_busy(report, text) || verdict_cpu_shared(report, text) ||
           verdict_cpus_full(report, text);
}

/* Why starts were late or not made, and what to change. */
static const char *late_reason(const struct report *report)
{
    if (is_short_of_cpu(report))
        return "since the generator had too little CPU; lower the rate (-r), or give it more";
    if (is_capped(report))
        return "since all connections allowed were in flight: the service is slower than the rate; "
               "raise -c, or lower the rate (-r)";
    return "since the generator or its machine was held up, or -c too low for a moment; repeat the "
           "run, or lower the rate (-r)";
}

static bool find_starts_dropped(const struct report *report, char *text)
{
    const struct tally *tally = report->all.tally;
    uint64_t intended = tally->started + tally->dropped;

    if (tally->dropped == 0)
        return false;
    return verdict_holds(text, "%s of %s starts (%s) were never made, %s",
                         figure_count(tally->dropped, ROOM), figure_count(intended, ROOM),
                         figure_percent((double)tally->dropped / (double)intended, ROOM),
                         late_reason(report));
}

static bool find_starts_late(const struct report *report, char *text)
{
    const struct histogram *lateness = &report->all.tally->timings[TIMING_LATENESS];
    uint64_t late_ns = histogram_percentile(lateness, 99);

    if (!load_is_open_loop(report->config) || late_ns <= VERDICT_LATENESS_NS)
        return false;
    return verdict_holds(text,
                         "one start in a hundred was %s late or more, which counts as latency, %s",
                         figure_duration(late_ns, ROOM), late_reason(report));
}

static bool find_syn_retransmits(const struct report *report, char *text)
{
    const struct usage *usage = &report->usage;

    if (report->target_is_local && fact_is_number(usage->listen_overflows) &&
        usage->listen_overflows > 0)
        return verdict_holds(
            text,
            "a local accept queue overflowed %s time%s, and %s SYNs were sent again, "
            "at a cost of 1s or more each: the service accepts too slowly, or its backlog "
            "is too small; raise it, and net.core.somaxconn (%.16s)",
            figure_count(usage->listen_overflows, ROOM), verdict_plural(usage->listen_overflows),
            figure_count(usage->syn_retransmits, ROOM),
            machine_setting(&report->machine, "net.core.somaxconn"));
    if (usage->syn_retransmits == 0 || !fact_is_number(usage->syn_retransmits))
        return false;
    return verdict_holds(
        text,
        "%s SYN%s of this network namespace had to be sent again: packets were lost or the accept "
        "queue of the service was full (1s or more each), or it still knew the ports (TIME_WAIT; a "
        "few ms each); look at its ListenOverflows (nstat) and at the network",
        figure_count(usage->syn_retransmits, ROOM), verdict_plural(usage->syn_retransmits));
}

static bool find_values_above_range(const struct report *report, char *text)
{
    uint64_t above = 0;

    for (int i = 0; i < TIMING_COUNT; i++)
        above += report->all.tally->timings[i].above;
    if (above == 0)
        return false;
    return verdict_holds(
        text,
        "%s duration%s beyond %s, where percentiles may be told too short; the maximum is "
        "exact",
        figure_count(above, ROOM), above == 1 ? " was" : "s were",
        duration_format(HISTOGRAM_MAX_NS, ROOM));
}

static bool find_cut_short(const struct report *report, char *text)
{
    if (!report->cut_short)
        return false;
    return verdict_holds(
        text, "a signal ended the run: all numbers are of the %s that were measured until then",
        figure_duration((uint64_t)(report->window_s * (double)NS_PER_S), ROOM));
}

static bool find_too_short(const struct report *report, char *text)
{
    uint64_t good = report->all.tally->ok;

    if (good >= VERDICT_GOOD_MIN)
        return false;
    if (good == 0)
        return verdict_holds(text, "no connection ended well, so nothing could be timed%s",
                             tally_failed(report->all.tally) ? ": see the errors" : "");
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
    enum report_limit limit;
} verdicts[] = {
    {"refused", verdict_refused, REPORT_LIMIT_UNKNOWN},
    {"unreachable", verdict_unreachable, REPORT_LIMIT_UNKNOWN},
    {"no_handshake", verdict_no_handshake, REPORT_LIMIT_UNKNOWN},
    {"silent_service", verdict_silent_service, REPORT_LIMIT_UNKNOWN},
    {"kept_open", verdict_kept_open, REPORT_LIMIT_UNKNOWN},
    {"http_status", verdict_http_status, REPORT_LIMIT_UNKNOWN},
    {"wrong_answer", verdict_wrong_answer, REPORT_LIMIT_UNKNOWN},
    {"throttled", verdict_throttled, REPORT_LIMIT_MACHINE},
    {"stalls_grid", verdict_stalls_grid, REPORT_LIMIT_MACHINE},
    {"generator_busy", verdict_generator_busy, REPORT_LIMIT_GENERATOR},
    {"cpu_shared", verdict_cpu_shared, REPORT_LIMIT_MACHINE},
    {"cpus_full", verdict_cpus_full, REPORT_LIMIT_MACHINE},
    {"no_ports", find_no_ports, REPORT_LIMIT_MACHINE},
    {"no_address", find_no_address, REPORT_LIMIT_MACHINE},
    {"no_descriptors", find_no_descriptors, REPORT_LIMIT_MACHINE},
    {"starts_dropped", find_starts_dropped, REPORT_LIMIT_GENERATOR},
    {"starts_late", find_starts_late, REPORT_LIMIT_GENERATOR},
    {"steal", verdict_steal, REPORT_LIMIT_MACHINE},
    {"stalls", verdict_stalls, REPORT_LIMIT_MACHINE},
    {"syn_retransmits", find_syn_retransmits, REPORT_LIMIT_NONE},
    {"threads_exceed_cpus", verdict_threads_exceed_cpus, REPORT_LIMIT_NONE},
    {"values_above_range", find_values_above_range, REPORT_LIMIT_NONE},
    {"cut_short", find_cut_short, REPORT_LIMIT_NONE},
    {"too_short", find_too_short, REPORT_LIMIT_NONE},
};
#define VERDICT_COUNT (sizeof(verdicts) / sizeof(verdicts[0]))
_Static_assert(VERDICT_COUNT < REPORT_VERDICTS_MAX, "no room for generator_fine");

/* " and waited for it 3 %": as far as it is known, and anything. */
static char *waited_text(const struct report *report, char text[FIGURE_TEXT_BYTES + 24])
{
    double most = 0;

    for (uint32_t i = 0; i < report->threads; i++) {
        if (report->thread[i].waited > most)
            most = report->thread[i].waited;
    }
    text[0] = '\0';
    if (most > VERDICT_TIME_SHARE)
        snprintf(text, FIGURE_TEXT_BYTES + 24, " and waited for it %s", figure_percent(most, ROOM));
    return text;
}

/* When nothing of the generator's side was the limit. */
static void say_fine(const struct report *report, char *text)
{
    const char *used = figure_percent(verdict_busy(report).share, ROOM);
    const struct histogram *lateness = &report->all.tally->timings[TIMING_LATENESS];
    char waited[FIGURE_TEXT_BYTES + 24];

    waited_text(report, waited);
    if (load_is_open_loop(report->config))
        verdict_holds(text,
                      "the generator was not the limit: its busiest thread used %s of its CPU%s, "
                      "and starts were on time (p99 %s late)",
                      used, waited, figure_duration(histogram_percentile(lateness, 99), ROOM));
    else
        verdict_holds(text,
                      "the generator was not the limit: its busiest thread used %s of its CPU%s; "
                      "the service, the network or the number of connections (-c %" PRIu64 ") was",
                      used, waited, report->connections);
}

/* When the machine told too little for a word on the generator. Returns false if it told enough. */
static bool say_unknown(const struct report *report, char *text)
{
    if (report->usage.time_ns < VERDICT_TICKS_NS)
        return verdict_holds(text, "whether the generator was the limit cannot be told of so short "
                                   "a run; measure for a second or longer (-d)");
    return verdict_may_be_limit(report, text);
}

const char *report_limit_name(enum report_limit limit)
{
    static const char *const names[] = {
        [REPORT_LIMIT_NONE] = "none",
        [REPORT_LIMIT_GENERATOR] = "generator",
        [REPORT_LIMIT_MACHINE] = "machine",
        [REPORT_LIMIT_UNKNOWN] = "unknown",
    };

    return names[limit];
}

/* The last word, where no rule has found a limit: it is known that there was none, or it is not. */
static void say_whether_fine(struct report *report)
{
    struct report_verdict *verdict = &report->verdicts[report->verdict_count++];

    *verdict = (struct report_verdict){"generator_unknown", REPORT_LIMIT_UNKNOWN, false, ""};
    if (say_unknown(report, verdict->text)) {
        report->limit = REPORT_LIMIT_UNKNOWN;
        return;
    }
    *verdict = (struct report_verdict){"generator_fine", REPORT_LIMIT_NONE, true, ""};
    say_fine(report, verdict->text);
}

void verdicts_find(struct report *report)
{
    report->verdict_count = 0;
    report->limit = REPORT_LIMIT_NONE;
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        struct report_verdict *verdict = &report->verdicts[report->verdict_count];

        *verdict = (struct report_verdict){verdicts[i].name, verdicts[i].limit, false, ""};
        if (!verdicts[i].rule(report, verdict->text))
            continue;
        report->verdict_count++;
        if (report->limit == REPORT_LIMIT_NONE)
            report->limit = verdict->limit;
    }
    if ((report->window_s <= 0 || report->all.tally->ok == 0) && report->limit == REPORT_LIMIT_NONE)
        report->limit = REPORT_LIMIT_UNKNOWN; /* nothing was measured, so nothing is fine */
    else if (report->limit == REPORT_LIMIT_NONE)
        say_whether_fine(report);
}
