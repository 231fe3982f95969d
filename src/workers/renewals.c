#include "workers/renewals.h"

#include <stdbool.h>

/* True if the renewal that was `ago` before the next one was less than WORKER_RENEWALS_NS ago. */
static bool is_recent(const struct renewals *renewals, uint64_t ago, uint64_t now_ns)
{
    return renewals->count >= ago &&
           now_ns - renewals->times_ns[(renewals->count - ago) % WORKER_RENEWALS_MAX] <
               WORKER_RENEWALS_NS;
}

enum renewal renewals_take(struct renewals *renewals, uint64_t now_ns)
{
    enum renewal renewal = is_recent(renewals, 1, now_ns) ? RENEWAL_AGAIN : RENEWAL_FIRST;

    if (is_recent(renewals, WORKER_RENEWALS_MAX, now_ns))
        return RENEWAL_REFUSED;
    renewals->times_ns[renewals->count++ % WORKER_RENEWALS_MAX] = now_ns;
    return renewal;
}
