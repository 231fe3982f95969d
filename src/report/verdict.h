/* Says in words what limits a result: the generator itself, the machine, or nothing visible. The
 * names, for programs, most important first:
 *
 *   refused             most connections were refused
 *   unreachable         most had no route to the host, or were forbidden
 *   no_handshake        most got no handshake in time
 *   silent_service      most connected, but the expected bytes did not come in time
 *   kept_open           most got them, but the connection did not end
 *   http_status         most got an unexpected HTTP answer
 *   wrong_answer        most got an unexpected answer
 *   throttled           a cgroup's CPU quota stopped the generator
 *   stalls_grid         it stalled on the grid of a quota that it cannot see: the host's
 *   generator_busy      its threads used all the CPU that they may use
 *   cpu_shared          a thread waited while others had its CPU
 *   cpus_full           the CPUs were busy, with the service or others beside the generator
 *   no_ports            no local port was free
 *   no_address          a source address was not one of this machine
 *   no_descriptors      no descriptor was free
 *   starts_dropped      starts of an open loop were never made
 *   starts_late         starts of an open loop came late
 *   steal               the hypervisor ran something else
 *   stalls              the machine stood still, in no pattern
 *   syn_retransmits     handshakes had to be repeated: loss, a full accept queue, or TIME_WAIT
 *   threads_exceed_cpus more threads than CPUs to run them
 *   values_above_range  a duration was beyond one hour
 *   cut_short           a signal ended the run
 *   too_short           too few connections ended well for percentiles
 *   generator_fine      none of the above up to `stalls`: the generator was not the limit
 *   generator_unknown   none of these, but too little is known to say so
 *
 * Thread rule: for one thread. */
#ifndef HELLO_VERDICT_H
#define HELLO_VERDICT_H

#include "result/document.h"

#define VERDICT_BUSY_SHARE   0.80 /* of what a thread may use; more: the generator is the limit */
#define VERDICT_FULL_SHARE   0.95 /* of the CPUs: above, they are full */
#define VERDICT_OTHERS_SHARE 0.10 /* of full CPUs: above it, others used them too */
#define VERDICT_LOCAL_SHARE  0.90 /* if shared with the service: above it, they are full */
#define VERDICT_TAKEN_SHARE  0.10 /* of the time: a thread waited longer than this */
#define VERDICT_TAKEN_NONE   0.02 /* of the time: less is ignored */
#define VERDICT_LATENESS_NS  UINT64_C(1000000)   /* p99 above: starts came late */
#define VERDICT_STEAL_SHARE  0.05                /* of the CPU time wanted */
#define VERDICT_TIME_SHARE   0.01                /* of the measured time: less is ignored */
#define VERDICT_TICKS_NS     UINT64_C(200000000) /* a shorter time has too few ticks of 10 ms */
#define VERDICT_STALL_NS     UINT64_C(100000000) /* but one stall longer than this is reported */
#define VERDICT_GOOD_MIN     100                 /* connections; with fewer, p99 is the maximum */

/* Fill in document->verdicts (at least one) from the rest of the document. */
void verdicts_find(struct document *document);

#endif
