/* Verdicts about runs in which most connections failed for one reason: what it is, and what to do.
 * Such a run says nothing of how fast anything is. */
#include "base/escape.h"
#include "report/answers.h"
#include "report/verdict.h"
#include "report/verdict_rule.h"

#include <string.h>

/* "all 12 connections", "12 of 20 connections" */
#define MANY_BYTES (3 * (size_t)FIGURE_TEXT_BYTES)
static const char *how_many(uint64_t count, uint64_t started, char text[MANY_BYTES])
{
    if (count == started)
        snprintf(text, MANY_BYTES, "%s%s connection%s", count > 1 ? "all " : "",
                 figure_count(count, ROOM), verdict_plural(count));
    else
        snprintf(text, MANY_BYTES, "%s of %s connections", figure_count(count, ROOM),
                 figure_count(started, ROOM));
    return text;
}

/* The target of which most connections failed for one reason. */
struct failing {
    const struct report_lane *lane;
    char many[MANY_BYTES]; /* how many of its connections */
};

/* Find it, among those of which at least half failed so. Returns false if there is none. */
static bool find_failing(const struct report *report, enum phase phase, enum result kind,
                         struct failing *ret_failing)
{
    const struct report_lane *worst = NULL;
    uint64_t most = 0;

    for (uint32_t i = 0; i < report->lane_count; i++) {
        const struct tally *tally = report->lanes[i].tally;
        uint64_t count = tally->failed[phase][kind];

        if (count > most && 2 * count >= tally->started) {
            worst = &report->lanes[i];
            most = count;
        }
    }
    if (!worst)
        return false;
    ret_failing->lane = worst;
    how_many(most, worst->tally->started, ret_failing->many);
    return true;
}

/* A name leads to one of its addresses; the service may be at one of the other family. */
static const char *other_family(const struct target *target, char text[160])
{
    struct address address;
    bool has_port, is_ipv6 = target->address.sa.sa_family == AF_INET6;
    char name[64];

    text[0] = '\0';
    if (address_parse(target->host, &address, &has_port) == 0)
        return text; /* it is no name */
    snprintf(text, 160, "; '%s' is taken as its %s address: if the service listens on %s, use %s",
             escape_encode(target->host, strlen(target->host), name, sizeof(name)),
             is_ipv6 ? "IPv6" : "IPv4", is_ipv6 ? "IPv4 only" : "IPv6 only", is_ipv6 ? "-4" : "-6");
    return text;
}

bool verdict_refused(const struct report *report, char *text)
{
    struct failing failing;
    char hint[160];

    if (!find_failing(report, PHASE_CONNECT, RESULT_REFUSED, &failing))
        return false;
    if (failing.lane->tally->failed[PHASE_CONNECT][RESULT_REFUSED] < failing.lane->tally->started)
        return verdict_holds(text,
                             "%s to %s were refused, others were not: did the service end or start "
                             "meanwhile, or does a firewall refuse some?",
                             failing.many, failing.lane->name);
    return verdict_holds(
        text,
        "%s to %s were refused: nothing listens there, or a firewall refuses for it; start the "
        "service, or check the address and the port%s",
        failing.many, failing.lane->name, other_family(failing.lane->target, hint));
}

bool verdict_unreachable(const struct report *report, char *text)
{
    struct failing failing;
    char hint[160];

    if (!find_failing(report, PHASE_CONNECT, RESULT_UNREACHABLE, &failing))
        return false;
    return verdict_holds(
        text,
        "%s could not reach %s: there is no way to it, or a firewall forbids it; check the "
        "address, the routes (ip route get) and the firewalls%s",
        failing.many, failing.lane->name, other_family(failing.lane->target, hint));
}

bool verdict_no_handshake(const struct report *report, char *text)
{
    struct failing failing;

    if (!find_failing(report, PHASE_CONNECT, RESULT_CONNECT_TIMEOUT, &failing) &&
        !find_failing(report, PHASE_CONNECT, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text,
        "%s to %s got no handshake in time: the host is not there, a firewall drops packets, or "
        "the accept queue is full; check the address and the firewalls, or ask for less",
        failing.many, failing.lane->name);
}

bool verdict_silent_service(const struct report *report, char *text)
{
    struct failing failing;
    const struct load_config *config = report->config;

    if (!find_failing(report, PHASE_GREETING, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text, "%s to %s were made, but not all that was expected came within %s: %s", failing.many,
        failing.lane->name, duration_format(config->timeout_ns, ROOM),
        config->send.bytes == 0 ? "does the service wait for a request? say it with --send"
                                : "check --send and --expect, or give it more time (--timeout)");
}

bool verdict_kept_open(const struct report *report, char *text)
{
    struct failing failing;

    if (!find_failing(report, PHASE_CLOSE, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text,
        "%s got what they expected from %s, and then no end within %s: the service keeps "
        "connections open; ask it to close them (HTTP: 'Connection: close')",
        failing.many, failing.lane->name, duration_format(report->config->timeout_ns, ROOM));
}

/* Over both kinds: an answer that begins as expected and goes on is no better. */
static uint64_t wrong_count(const struct report *report)
{
    return tally_failed_as(report->all.tally, RESULT_MISMATCH) +
           tally_failed_as(report->all.tally, RESULT_EXTRA);
}

/* At least half of all. */
static bool is_mostly_wrong(const struct report *report)
{
    return answers_first_wrong(report) && wrong_count(report) > 0 &&
           2 * wrong_count(report) >= report->all.tally->started;
}

static bool is_http(const struct wrong_answer *wrong)
{
    return wrong->offset == 0 && wrong->bytes > 5 && memcmp(wrong->data, "HTTP/", 5) == 0;
}

bool verdict_http_status(const struct report *report, char *text)
{
    char many[MANY_BYTES];
    char line[WRONG_ANSWER_BYTES_MAX * 2];
    const struct wrong_answer *wrong;
    const unsigned char *end;

    if (!is_mostly_wrong(report))
        return false;
    wrong = &answers_first_wrong(report)->wrong_answer;
    if (!is_http(wrong))
        return false;
    end = memchr(wrong->data, '\r', wrong->bytes);
    escape_encode(wrong->data, end ? (size_t)(end - wrong->data) : wrong->bytes, line,
                  sizeof(line));
    return verdict_holds(text,
                         "%s got another HTTP answer than was expected, such as '%s': check the "
                         "request (--send), or say what is expected (--expect)",
                         how_many(wrong_count(report), report->all.tally->started, many), line);
}

bool verdict_wrong_answer(const struct report *report, char *text)
{
    char many[MANY_BYTES];

    if (!is_mostly_wrong(report) || is_http(&answers_first_wrong(report)->wrong_answer))
        return false;
    return verdict_holds(
        text,
        "%s got another answer than was expected: see one of them with the errors, "
        "and say what is expected (--expect)",
        how_many(wrong_count(report), report->all.tally->started, many));
}
