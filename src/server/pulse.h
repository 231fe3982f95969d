/* What a responder shows of its work to other threads while it runs, besides its counters: whether
 * it still makes iterations, whether it serves at all, and how long its clients waited.
 *
 * Thread rule: its worker writes; any thread may read, each number by itself (base/counter.h). */
#ifndef HELLO_PULSE_H
#define HELLO_PULSE_H

#include "server/durations.h"

#include <stdbool.h>
#include <stdint.h>

/* Of so many accepted clients, the kernel is asked for one how long it waited: a system call. */
#define PULSE_SAMPLE 64

/* An iteration that takes longer than this is stuck: nothing that it does may block. */
#define PULSE_STUCK_NS UINT64_C(10000000000)

/* Zeroed: it does not run yet. */
struct pulse {
    uint64_t turn_ns;       /* when the iteration began; 0: it waits for events, or does not run */
    uint64_t over;          /* 1: it serves no more */
    struct durations waits; /* in the accept queue, of sampled clients */
};

/* An iteration begins now. */
void pulse_begin(struct pulse *pulse, uint64_t now_ns);

/* It is over: the worker waits for events, or ends. */
void pulse_end(struct pulse *pulse);

/* The worker serves no more: it stopped, or its engine broke and it gets no other. */
void pulse_cease(struct pulse *pulse);

/* True after that. */
bool pulse_is_over(const struct pulse *pulse);

/* A client was accepted just now, the number `accepted` of its worker, from 0: sample its wait, if
 * its turn has come. */
void pulse_sample(struct pulse *pulse, uint64_t accepted, int sock);

/* True if the iteration began more than PULSE_STUCK_NS ago. One number says both that the worker is
 * awake and since when, so a reader cannot mix an old time with a new state. */
bool pulse_is_stuck(const struct pulse *pulse, uint64_t now_ns);

#endif
