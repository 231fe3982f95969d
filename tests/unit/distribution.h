/* Durations as services have them, drawn at random but the same ones each time. */
#ifndef HELLO_DISTRIBUTION_H
#define HELLO_DISTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

enum distribution {
    DISTRIBUTION_TINY,        /* below 2,048 ns, where histograms are exact */
    DISTRIBUTION_UNIFORM,     /* 0 to 50 ms */
    DISTRIBUTION_EXPONENTIAL, /* with a mean of 2 ms */
    DISTRIBUTION_BIMODAL,     /* nine in ten near 100 us, the others near 1 s */
    DISTRIBUTION_PARETO,      /* from 20 us on, with a tail (alpha 0.7) that reaches minutes */
    DISTRIBUTION_COUNT,
};

const char *distribution_name(enum distribution distribution);

/* Draw this many durations in nanoseconds, none above the hour. Other seeds give others. */
void distribution_draw(enum distribution distribution, uint64_t seed, uint64_t *ret_ns,
                       size_t count);

#endif
