/* A world: its clock, its chance, and what is going to happen in it. One seed makes one world, and
 * the same seed the same world again: nothing in it depends on the machine, on real time or on
 * where memory is.
 *
 * There is one world at a time, in one thread: so it may be where the product's functions find it,
 * which know of none (clock_now_ns). */
#ifndef HELLO_SIMULATE_WORLD_H
#define HELLO_SIMULATE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

/* How hard a world is: chances in 1000 of each kind of trouble. */
struct world_mood {
    unsigned faults;   /* a call fails */
    unsigned loss;     /* a segment is lost */
    unsigned stalls;   /* the worker gets no CPU for a while */
    unsigned backlogs; /* an engine hands out a part of what happened */
    unsigned breaks;   /* an engine breaks, in 100,000 waits */
};

/* Begin the world of a seed. `side` names it in reports. */
void world_begin(const char *side, uint64_t seed, bool verbose);

/* End it, and free what it took. Returns the hash of all that was traced. */
uint64_t world_end(void);

/* How hard it is. */
struct world_mood *world_mood(void);

/* The time of the world. */
uint64_t world_now_ns(void);

/* Let time pass; what is due happens only in world_run. */
void world_advance(uint64_t ns);

/* A number below `count`, or from `low` to `high`; the latter with all magnitudes alike. */
uint64_t world_below(uint64_t count);
uint64_t world_between(uint64_t low, uint64_t high);
uint64_t world_spread(uint64_t low, uint64_t high);

/* True in so many of 1000 cases. */
bool world_chance(unsigned permille);

/* What happens in a world: a function of its object, called when it is due. */
typedef void world_event(void *object, uint64_t argument);

/* Let something happen after a while. */
void world_after(uint64_t ns, world_event *event, void *object, uint64_t argument);

/* When the next thing happens; UINT64_MAX: nothing more does. */
uint64_t world_next_ns(void);

/* Let all happen that is due by now. */
void world_run(void);

/* Go on until nothing more happens, or for so long. */
void world_run_for(uint64_t ns);

/* Note what happened, in a few words: the last ones are printed when something is wrong, and all of
 * them make the hash. */
__attribute__((format(printf, 1, 2))) void world_trace(const char *format, ...);

/* Something is wrong: say what, with the seed, the time and what happened last, and exit. */
__attribute__((format(printf, 1, 2), noreturn)) void world_fail(const char *format, ...);

/* The same for what signals report: abort, a crash, a program that hangs. */
void world_watch_signals(unsigned hang_s);

/* How many things happened in all worlds so far. */
uint64_t world_event_count(void);

#endif
