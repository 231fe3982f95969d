/* What a generator must keep to, watched call by call: each start is counted once and timed from
 * when it was due, each end is counted as what it was, and it starts when it should. */
#ifndef HELLO_SIMULATE_LOAD_BOOK_H
#define HELLO_SIMULATE_LOAD_BOOK_H

#include "generator/generator.h"
#include "service.h"
#include "sim_engine.h"

#define LANES_MAX    3
#define TARGET_PORT  2000 /* of the first target; the others follow */
#define BOOK_ENDINGS 256

/* The sums of the tallies of all targets that matter from call to call. */
struct load_sums {
    uint64_t started, dropped, warmup, ok, failed, abandoned, in_window;
    uint64_t by_end[PHASE_COUNT][RESULT_COUNT];
    uint64_t timing_count[TIMING_COUNT], timing_sum_ns[TIMING_COUNT];
};

/* Who is watched; all of it is the caller's. */
struct load_book {
    struct engine *engine;
    const struct load_config *config;
    const struct generator_args *args;
    const struct generator *generator;
    unsigned first_temper, tempers; /* of the services */
    struct tcp_path path;
    uint64_t deadline_ns; /* as worker_stop_ns */
    uint64_t stopped_ns;
    /* Private: */
    struct load_sums seen;
    bool starting, starting_measured; /* a start was counted; its connect is still to come */
    uint64_t starting_intended_ns;
    uint64_t last_intended_ns;
    enum result lost; /* what a start without a socket is counted as by the next call; OK: none */
    bool lost_measured;
    int64_t last_place; /* in the schedule of constant arrivals; -1: none yet */
    struct call *calls;
    unsigned call_count, open;
    uint64_t endings_ns[BOOK_ENDINGS]; /* when the last flows ended that did not connect */
    unsigned ending_count;
    uint64_t windows_ns;
    uint32_t idle_turns;
};

extern const struct sim_watch load_watch;

/* Begin to watch; the book is the one of this world. */
void load_book_open(struct load_book *book);

/* The sums as they are. */
struct load_sums load_sums_of(const struct load_book *book);

/* When the end had come of a call, and we had said all: only then it is looked for. */
uint64_t call_over_ns(const struct call *call);

/* Is this end of a connection, counted in this phase, what it was? */
void load_judge_end(const struct load_book *book, const struct call *call, enum phase phase,
                    enum result result);

/* Are the durations of one that ended well, what was added to `before`, as they were? */
void load_judge_times(const struct load_book *book, const struct call *call,
                      const struct load_sums *before, const struct load_sums *now);

/* The generator has ended: are the books balanced? */
void load_book_balance(struct load_book *book);

/* Free what it keeps of the world. */
void load_book_close(struct load_book *book);

#endif
