#include "server/condition.h"

#include "base/deadline.h"
#include "base/units.h"
#include "host/advice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 480

/* The message when a cause is over. */
static const char *const condition_ends[CONDITION_COUNT] = {
    [CONDITION_CAPACITY] = "no client waits because of --max-connections any more",
    [CONDITION_DESCRIPTORS] = "no client waits for descriptors any more",
    [CONDITION_MEMORY] = "no client waits for memory any more",
    [CONDITION_ACCEPTING] = "accepting works again",
    [CONDITION_CONNECTIONS] = "connections end well again",
};

void conditions_init(struct conditions *conditions, void (*notice)(void *context, const char *line),
                     void *context)
{
    *conditions = (struct conditions){.notice = notice, .context = context};
    pthread_mutex_init(&conditions->lock, NULL);
}

struct condition_sight condition_sight_of(const char *what, const char *call, int error)
{
    struct condition_sight sight = {.call = call, .error = -error};

    snprintf(sight.what, sizeof(sight.what), "%s", what);
    return sight;
}

enum condition_cause condition_cause_of(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
        return CONDITION_DESCRIPTORS;
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN: /* engines report it only when no memory was left to arm a wait */
        return CONDITION_MEMORY;
    default:
        return CONDITION_ACCEPTING;
    }
}

/* One line about a cause, with a summary of the time since the last line. */
static void condition_line(const struct conditions *conditions, const struct condition *condition,
                           const char *since)
{
    const struct condition_sight *sight = &condition->sight;
    char line[LINE_BYTES], error[96] = "", advice[ADVICE_BYTES] = "raise it";

    if (sight->call) {
        snprintf(error, sizeof(error), ": %s: %s", sight->call, strerror(sight->error));
        advice_find(sight->call, sight->error, 0, advice);
    }
    snprintf(line, sizeof(line), "%s%s%s; %s", sight->what, error, since, advice);
    conditions->notice(conditions->context, line);
}

/* The cause came but was not reported at once, or lasts: the line that is due now. */
static void condition_catch_up(const struct conditions *conditions, struct condition *condition,
                               uint64_t now_ns)
{
    uint64_t began_ns = condition->reported ? condition->began_ns : condition->reported_ns;
    uint64_t for_ns = now_ns > began_ns ? now_ns - began_ns : 0; /* it may be another thread's */
    char since[80] = "";

    if (condition->reported)
        snprintf(since, sizeof(since), " (for %" PRIu64 " s now)", for_ns / NS_PER_S);
    else if (condition->reported_ns > 0)
        snprintf(since, sizeof(since), " (%" PRIu64 " times in %" PRIu64 " s%s)",
                 condition->unreported, for_ns / NS_PER_S,
                 condition->workers > 0 ? "" : ", over now");
    condition_line(conditions, condition, since);
    condition->reminded = condition->reported;
    condition->reported = condition->workers > 0;
    condition->reported_ns = now_ns;
    condition->unreported = 0;
}

/* When the next line about a cause is due, in its current state. */
static uint64_t condition_due_ns(const struct condition *condition)
{
    if (condition->reported)
        return condition->reported_ns +
               (condition->reminded ? CONDITION_REMINDER_NS : CONDITION_INTERVAL_NS);
    if (condition->unreported == 0)
        return DEADLINE_NEVER;
    return condition->reported_ns > 0 ? condition->reported_ns + CONDITION_INTERVAL_NS : 0;
}

/* With the lock held. */
static uint64_t conditions_report_locked(struct conditions *conditions, uint64_t now_ns)
{
    uint64_t due_ns = DEADLINE_NEVER;

    for (int i = 0; i < CONDITION_COUNT; i++) {
        struct condition *condition = &conditions->causes[i];

        if (condition->reported && condition->workers == 0) {
            condition->reported = condition->reminded = false;
            conditions->notice(conditions->context, condition_ends[i]);
        }
        if (condition_due_ns(condition) <= now_ns)
            condition_catch_up(conditions, condition, now_ns);
        if (condition_due_ns(condition) < due_ns)
            due_ns = condition_due_ns(condition);
    }
    return due_ns;
}

uint64_t conditions_begin(struct conditions *conditions, enum condition_cause cause,
                          const struct condition_sight *sight, uint64_t now_ns)
{
    struct condition *condition = &conditions->causes[cause];
    uint64_t due_ns;

    pthread_mutex_lock(&conditions->lock);
    if (condition->workers++ == 0) {
        condition->sight = *sight;
        condition->began_ns = now_ns;
        condition->unreported += !condition->reported;
    }
    due_ns = conditions_report_locked(conditions, now_ns);
    pthread_mutex_unlock(&conditions->lock);
    return due_ns;
}

uint64_t conditions_end(struct conditions *conditions, enum condition_cause cause, uint64_t now_ns)
{
    uint64_t due_ns;

    pthread_mutex_lock(&conditions->lock);
    conditions->causes[cause].workers--;
    due_ns = conditions_report_locked(conditions, now_ns);
    pthread_mutex_unlock(&conditions->lock);
    return due_ns;
}

void conditions_withdraw(struct conditions *conditions, enum condition_cause cause)
{
    struct condition *condition = &conditions->causes[cause];

    pthread_mutex_lock(&conditions->lock);
    if (--condition->workers == 0)
        condition->reported = condition->reminded = false;
    pthread_mutex_unlock(&conditions->lock);
}

uint64_t conditions_report(struct conditions *conditions, uint64_t now_ns)
{
    uint64_t due_ns;

    pthread_mutex_lock(&conditions->lock);
    due_ns = conditions_report_locked(conditions, now_ns);
    pthread_mutex_unlock(&conditions->lock);
    return due_ns;
}

void conditions_flush(struct conditions *conditions, uint64_t now_ns)
{
    for (int i = 0; i < CONDITION_COUNT; i++) {
        if (conditions->causes[i].unreported > 0)
            condition_catch_up(conditions, &conditions->causes[i], now_ns);
    }
}

void conditions_release(struct conditions *conditions)
{
    pthread_mutex_destroy(&conditions->lock);
}
