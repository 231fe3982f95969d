#include "host/stalls.h"

#include "base/units.h"

#include <stddef.h>

/* A stall ends on the grid as soon as the kernel runs us again, and begins up to one tick before it
 * is seen. "Near a grid point" is within this much, but at most one part in GRID_NEAR_PARTS of the
 * period on either side. */
#define GRID_NEAR_NS    (UINT64_C(4) * NS_PER_MS)
#define GRID_NEAR_PARTS 20

/* So the gap between two stalls that are not on a grid is near one of its points with a probability
 * of at most 1 in 10. Half of the gaps and GRID_MARGIN more are near with a probability of 1 in
 * 10,000 or less (binomial; for the fewest, all of 4 gaps), less with more stalls. Not all gaps
 * must be near: after a thaw, others may run before us. */
#define GRID_MARGIN   2
#define GRID_GAPS_MIN (2 * GRID_MARGIN)

/* If this share of the gaps near a grid are multiples of a longer period, the stalls have that
 * longer period, such as a second, and it is not a quota. */
#define GRID_COARSE_SHARE 0.90

uint64_t stalls_tick(struct stalls *stalls, uint64_t now_ns)
{
    uint64_t due_ns = stalls->next_tick_ns;
    uint64_t late_ns = now_ns > due_ns ? now_ns - due_ns : 0;

    if (due_ns != 0 && now_ns < due_ns)
        return 0;
    stalls->next_tick_ns = now_ns + STALLS_TICK_NS;
    if (due_ns == 0 || late_ns <= STALLS_MIN_NS)
        return 0;
    stalls->count++;
    stalls->total_ns += late_ns;
    if (late_ns > stalls->longest_ns)
        stalls->longest_ns = late_ns;
    if (stalls->kept_count < STALLS_KEPT_MAX)
        stalls->kept[stalls->kept_count++] = (struct stall){due_ns, late_ns};
    return late_ns;
}

void stalls_pause(struct stalls *stalls)
{
    stalls->next_tick_ns = 0;
}

uint64_t stalls_due_ns(const struct stalls *stalls)
{
    return stalls->next_tick_ns;
}

/* The gap before a stall in periods, if that is nearly a whole number, or 0. */
static uint64_t gap_periods(const struct stall *stall, bool ends, uint64_t period_ns)
{
    uint64_t gap_ns = stall[0].start_ns - stall[-1].start_ns;
    uint64_t near_ns = period_ns / GRID_NEAR_PARTS;
    uint64_t periods, nearest_ns;

    if (ends)
        gap_ns = gap_ns + stall[0].length_ns - stall[-1].length_ns;
    if (near_ns > GRID_NEAR_NS)
        near_ns = GRID_NEAR_NS;
    periods = (gap_ns + period_ns / 2) / period_ns;
    nearest_ns = periods * period_ns;
    return (gap_ns > nearest_ns ? gap_ns - nearest_ns : nearest_ns - gap_ns) <= near_ns ? periods
                                                                                        : 0;
}

/* True if most stalls begin (or end) on a grid of this period, but on no coarser one. */
static bool is_grid(const struct stalls *stalls, bool ends, uint64_t period_ns)
{
    static const uint64_t factors[] = {2, 3, 5, 7};
    uint64_t multiples[sizeof(factors) / sizeof(factors[0])] = {0};
    uint64_t near = 0, gaps = stalls->kept_count - 1;

    for (uint32_t i = 1; i < stalls->kept_count; i++) {
        uint64_t periods = gap_periods(&stalls->kept[i], ends, period_ns);

        if (periods == 0)
            continue;
        near++;
        for (size_t k = 0; k < sizeof(factors) / sizeof(factors[0]); k++)
            multiples[k] += periods % factors[k] == 0;
    }
    if (2 * near < gaps + GRID_GAPS_MIN)
        return false;
    for (size_t k = 0; k < sizeof(factors) / sizeof(factors[0]); k++) {
        if ((double)multiples[k] >= GRID_COARSE_SHARE * (double)near)
            return false;
    }
    return true;
}

uint64_t stalls_grid_ns(const struct stalls *stalls, uint64_t period_ns)
{
    const uint64_t periods_ns[] = {period_ns, 80 * NS_PER_MS, 100 * NS_PER_MS};

    if (stalls->kept_count <= GRID_GAPS_MIN)
        return 0;
    for (size_t i = 0; i < sizeof(periods_ns) / sizeof(periods_ns[0]); i++) {
        if (periods_ns[i] >= GRID_NEAR_PARTS &&
            (is_grid(stalls, false, periods_ns[i]) || is_grid(stalls, true, periods_ns[i])))
            return periods_ns[i];
    }
    return 0;
}
