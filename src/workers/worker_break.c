#include "workers/worker_break.h"

#include "base/units.h"
#include "workers/renewals.h"

#include <stdio.h>
#include <string.h>

void worker_break_format(const struct worker_break *broken, uint32_t worker,
                         char text[WORKER_BREAK_BYTES])
{
    char times[32] = "";

    if (broken->count > 1)
        snprintf(times, sizeof(times), " %u times", broken->count);
    snprintf(text, WORKER_BREAK_BYTES, "worker %u: engine %s broke%s: %s: %s (%s)", worker,
             broken->engine, times, broken->call, strerror(broken->error),
             strerrorname_np(broken->error));
}

void worker_break_renewal(const struct worker_break *broken, char text[WORKER_CONSEQUENCE_BYTES])
{
    snprintf(text, WORKER_CONSEQUENCE_BYTES,
             "it continues with %sengine %s, and keeps its connections",
             strcmp(broken->next, broken->engine) == 0 ? "a fresh " : "", broken->next);
}

void worker_break_loss(const struct worker_break *broken, uint32_t left, bool stopping,
                       const char *needed, char text[WORKER_CONSEQUENCE_BYTES])
{
    char why[128], rest[192] = "";

    if (broken->failure.step)
        snprintf(why, sizeof(why), "no engine starts to replace it (%s: %s)", broken->failure.step,
                 strerror(broken->failure.error));
    else
        snprintf(why, sizeof(why), "it broke %u times before, within %u s", WORKER_RENEWALS_MAX,
                 (unsigned)(WORKER_RENEWALS_NS / NS_PER_S));
    if (left == 0)
        snprintf(rest, sizeof(rest), ", and no other worker is left");
    else if (!stopping && needed)
        snprintf(rest, sizeof(rest), "; all workers stop, because %s", needed);
    else if (!stopping)
        snprintf(rest, sizeof(rest), "; %u other%s on; restart the program to replace it", left,
                 left == 1 ? " goes" : "s go");
    snprintf(text, WORKER_CONSEQUENCE_BYTES,
             "%s, so it ends after it has served the clients that wait%s", why, rest);
}
