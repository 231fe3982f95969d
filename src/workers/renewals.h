/* How often a worker may get another engine for one that broke.
 *
 * Thread rule: pure functions; any thread. */
#ifndef HELLO_RENEWALS_H
#define HELLO_RENEWALS_H

#include <stdint.h>

/* A worker gets at most this many new engines, for broken ones, within any such time. */
#define WORKER_RENEWALS_MAX 3
#define WORKER_RENEWALS_NS  UINT64_C(60000000000)

struct renewals {
    uint64_t times_ns[WORKER_RENEWALS_MAX]; /* of the last ones; renewal i is in i % MAX */
    uint64_t count;                         /* ever */
};

enum renewal {
    RENEWAL_REFUSED, /* there were WORKER_RENEWALS_MAX in the last WORKER_RENEWALS_NS */
    RENEWAL_FIRST,   /* there was none in this time */
    RENEWAL_AGAIN,   /* there were some */
};

/* Ask for a renewal at now_ns (base/clock.h), and count it unless it is refused. */
enum renewal renewals_take(struct renewals *renewals, uint64_t now_ns);

#endif
