/* Verdicts about runs in which most connections failed for one reason: the reason, and what to do.
 * Such a run says nothing about speed. */
#include "base/escape.h"
#include "report/verdict.h"
#include "report/verdict_rule.h"
#include "result/answers.h"

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

/* The target with the most failures for one reason. */
struct failing {
    const struct document_target *target;
    char many[MANY_BYTES]; /* how many of its connections */
};

/* Find it, among targets for which at least half failed so. Returns false if there is none. */
static bool find_failing(const struct document *document, enum phase phase, enum result kind,
                         struct failing *ret_failing)
{
    const struct document_target *worst = NULL;
    uint64_t most = 0;

    for (uint32_t i = 0; i < document->target_count; i++) {
        const struct tally *tally = document->targets[i].tally;
        uint64_t count = tally->failed[phase][kind];

        if (count > most && 2 * count >= tally->started) {
            worst = &document->targets[i];
            most = count;
        }
    }
    if (!worst)
        return false;
    ret_failing->target = worst;
    how_many(most, worst->tally->started, ret_failing->many);
    return true;
}

/* A name resolves to one of its addresses; the service may be at one of the other family. */
static const char *other_family(const struct document_target *target, char text[160])
{
    struct address address;
    bool has_port, is_ipv6 = strcmp(target->family, "ipv6") == 0;
    char name[64];

    text[0] = '\0';
    if (address_parse(target->host, &address, &has_port) == 0)
        return text; /* not a name */
    snprintf(text, 160, "; '%s' is taken as its %s address: if the service listens on %s, use %s",
             escape_encode(target->host, strlen(target->host), name, sizeof(name)),
             is_ipv6 ? "IPv6" : "IPv4", is_ipv6 ? "IPv4 only" : "IPv6 only", is_ipv6 ? "-4" : "-6");
    return text;
}

bool verdict_refused(const struct document *document, char *text)
{
    struct failing failing;
    char hint[160];

    if (!find_failing(document, PHASE_CONNECT, RESULT_REFUSED, &failing))
        return false;
    if (failing.target->tally->failed[PHASE_CONNECT][RESULT_REFUSED] <
        failing.target->tally->started)
        return verdict_holds(text,
                             "%s to %s were refused, others were not: did the service end or start "
                             "meanwhile, or does a firewall refuse some?",
                             failing.many, failing.target->name);
    return verdict_holds(
        text,
        "%s to %s were refused: nothing listens there, or a firewall refuses for it; start the "
        "service, or check the address and the port%s",
        failing.many, failing.target->name, other_family(failing.target, hint));
}

bool verdict_unreachable(const struct document *document, char *text)
{
    struct failing failing;
    char hint[160];

    if (!find_failing(document, PHASE_CONNECT, RESULT_UNREACHABLE, &failing))
        return false;
    return verdict_holds(
        text,
        "%s could not reach %s: there is no route to it, or a firewall forbids it; check the "
        "address, the routes (ip route get) and the firewalls%s",
        failing.many, failing.target->name, other_family(failing.target, hint));
}

bool verdict_no_handshake(const struct document *document, char *text)
{
    struct failing failing;

    if (!find_failing(document, PHASE_CONNECT, RESULT_CONNECT_TIMEOUT, &failing) &&
        !find_failing(document, PHASE_CONNECT, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text,
        "%s to %s got no handshake in time: the host is not there, a firewall drops packets, or "
        "the accept queue is full; check the address and the firewalls, or ask for less",
        failing.many, failing.target->name);
}

bool verdict_silent_service(const struct document *document, char *text)
{
    struct failing failing;
    const struct result_options *options = &document->options;

    if (!find_failing(document, PHASE_GREETING, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text, "%s to %s were made, but not all expected bytes came within %s: %s", failing.many,
        failing.target->name, duration_format(options->timeout_ns, ROOM),
        options->send.bytes == 0 ? "does the service wait for a request? send it with --send"
                                 : "check --send and --expect, or give it more time (--timeout)");
}

bool verdict_kept_open(const struct document *document, char *text)
{
    struct failing failing;

    if (!find_failing(document, PHASE_CLOSE, RESULT_TIMEOUT, &failing))
        return false;
    return verdict_holds(
        text,
        "%s got the expected bytes from %s, but no end within %s: the service keeps "
        "connections open; ask it to close them (HTTP: 'Connection: close')",
        failing.many, failing.target->name, duration_format(document->options.timeout_ns, ROOM));
}

/* Both kinds: an answer that begins as expected and continues is also wrong. */
static uint64_t wrong_count(const struct document *document)
{
    return tally_failed_as(document->all.tally, RESULT_MISMATCH) +
           tally_failed_as(document->all.tally, RESULT_EXTRA);
}

/* At least half of all. */
static bool is_mostly_wrong(const struct document *document)
{
    return answers_first_wrong(document) && wrong_count(document) > 0 &&
           2 * wrong_count(document) >= document->all.tally->started;
}

static bool is_http(const struct wrong_answer *wrong)
{
    return wrong->offset == 0 && wrong->bytes > 5 && memcmp(wrong->data, "HTTP/", 5) == 0;
}

bool verdict_http_status(const struct document *document, char *text)
{
    char many[MANY_BYTES];
    char line[WRONG_ANSWER_BYTES_MAX * 2];
    const struct wrong_answer *wrong;
    const unsigned char *end;

    if (!is_mostly_wrong(document))
        return false;
    wrong = &answers_first_wrong(document)->wrong_answer;
    if (!is_http(wrong))
        return false;
    end = memchr(wrong->data, '\r', wrong->bytes);
    escape_encode(wrong->data, end ? (size_t)(end - wrong->data) : wrong->bytes, line,
                  sizeof(line));
    return verdict_holds(text,
                         "%s got an unexpected HTTP answer, such as '%s': check the "
                         "request (--send), or set the expected answer (--expect)",
                         how_many(wrong_count(document), document->all.tally->started, many), line);
}

bool verdict_wrong_answer(const struct document *document, char *text)
{
    char many[MANY_BYTES];

    if (!is_mostly_wrong(document) || is_http(&answers_first_wrong(document)->wrong_answer))
        return false;
    return verdict_holds(text,
                         "%s got an unexpected answer: see one of them under errors, "
                         "and set the expected answer (--expect)",
                         how_many(wrong_count(document), document->all.tally->started, many));
}
