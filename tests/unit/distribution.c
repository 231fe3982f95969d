#include "distribution.h"

#include "base/units.h"

#include <math.h>

#define HOUR_NS (3600 * NS_PER_S)

const char *distribution_name(enum distribution distribution)
{
    static const char *const names[DISTRIBUTION_COUNT] = {
        [DISTRIBUTION_TINY] = "tiny",
        [DISTRIBUTION_UNIFORM] = "uniform",
        [DISTRIBUTION_EXPONENTIAL] = "exponential",
        [DISTRIBUTION_BIMODAL] = "bimodal",
        [DISTRIBUTION_PARETO] = "pareto",
    };

    return names[distribution];
}

/* More than 0, up to 1: a linear congruential generator modulo 2^64, of which only the high bits
 * are used (Knuth, The Art of Computer Programming, 3.3.4). */
static double uniform_draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*state >> 11) + 1) * 0x1p-53;
}

static double duration_draw(enum distribution distribution, uint64_t *state)
{
    double draw = uniform_draw(state);

    switch (distribution) {
    case DISTRIBUTION_TINY:
        return 2047 * draw;
    case DISTRIBUTION_EXPONENTIAL:
        return -log(draw) * 2e6;
    case DISTRIBUTION_BIMODAL:
        return draw < 0.9 ? 1e5 + 2e4 * uniform_draw(state) : 1e9 + 1e8 * uniform_draw(state);
    case DISTRIBUTION_PARETO:
        return 2e4 / pow(draw, 1 / 0.7);
    case DISTRIBUTION_UNIFORM:
    case DISTRIBUTION_COUNT:
    default:
        return 5e7 * draw;
    }
}

void distribution_draw(enum distribution distribution, uint64_t seed, uint64_t *ret_ns,
                       size_t count)
{
    uint64_t state = seed;

    for (size_t i = 0; i < count; i++) {
        double ns = duration_draw(distribution, &state);

        ret_ns[i] = ns < (double)HOUR_NS ? (uint64_t)ns : HOUR_NS;
    }
}
