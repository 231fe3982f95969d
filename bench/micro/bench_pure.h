/* The benchmarks of what computes and does not wait, by subject. */
#ifndef HELLO_BENCH_PURE_H
#define HELLO_BENCH_PURE_H

#include "harness.h"

extern const struct bench measure_benches[];  /* histograms, schedules */
extern const struct bench parser_benches[];   /* what users type */
extern const struct bench renderer_benches[]; /* what users read */

#endif
