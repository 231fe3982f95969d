/* Google Benchmark for C: what a benchmark sees of it, and how benchmarks are registered. Names,
 * repetitions, filters and JSON are Google Benchmark's own (--help, --benchmark_out=FILE).
 *
 * Thread rule: for the main thread; a benchmark may have threads of its own. */
#ifndef HELLO_BENCH_HARNESS_H
#define HELLO_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One run of one benchmark. */
struct bench_state;

#define BENCH_ARGUMENTS_MAX 8

/* An axis along which a benchmark is repeated: words, or numbers if there are no words. */
struct bench_axis {
    const char *name;
    const char *const *words;
    const uint64_t *numbers;
    size_t count;
};

/* A benchmark. It is registered once for each combination of its arguments, as
 * "name/argument:value/...". Its last argument's name may be NULL: there are fewer. */
struct bench {
    const char *name;
    void (*run)(struct bench_state *state, const void *context);
    const void *context; /* handed to run; must outlive the harness */
    struct bench_axis arguments[BENCH_ARGUMENTS_MAX];
    bool waits; /* for other threads or the kernel: the time that passes counts, not its CPU time */
};

/* The value of argument i: the number, or the place of the word. */
uint64_t bench_argument(const struct bench_state *state, size_t i);

/* True: do the work `batch` times more, timed. False: the run is over, or was skipped; what comes
 * next is not timed. Called until it is false. Work that takes nanoseconds wants a batch that is
 * large beside the call. */
bool bench_keep_running(struct bench_state *state, uint64_t batch);

/* How often the work is to be done in all in this run: the batch of a benchmark that wants one. */
uint64_t bench_iterations(const struct bench_state *state);

/* This benchmark cannot run here, for the reason given. The program goes on. */
void bench_skip(struct bench_state *state, const char *reason);

/* What was measured was wrong. The program goes on, and ends with exit code 1. */
void bench_fail(struct bench_state *state, const char *reason);

/* What a counter's value stands for. */
enum bench_counter_kind {
    BENCH_VALUE,         /* itself */
    BENCH_PER_ITERATION, /* a total, to be divided by the iterations */
    BENCH_PER_SECOND,    /* a total, to be divided by the time */
};

/* Give a number that goes with the time; once it is known, after the last bench_keep_running. */
void bench_counter(struct bench_state *state, const char *name, double value,
                   enum bench_counter_kind kind);

/* A fact that goes with all results. Before bench_main. */
void bench_fact(const char *name, const char *value);

/* Keep the compiler from leaving out what made the memory at `result` what it is. */
static inline void bench_use(const void *result)
{
    __asm__ volatile("" : : "r"(result) : "memory");
}

/* Read the options and run the benchmarks of all tables (each ended by a row without a name, the
 * list by NULL). Returns the exit code: 0, 1 (a benchmark failed) or 2 (wrong usage). */
int bench_main(int argc, char **argv, const struct bench *const tables[]);

#ifdef __cplusplus
}
#endif

#endif
