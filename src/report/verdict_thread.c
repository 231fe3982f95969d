/* Verdicts about single threads: who had the CPU that a thread of the generator wanted. What is not
 * known counts as what would be worst for the generator. */
#include "report/verdict.h"
#include "report/verdict_rule.h"

#include <math.h>
#include <stdio.h>

/* Both leave what is not known as it is. */
static double at_least(double value, double low)
{
    return value < low ? low : value;
}

static double at_most(double value, double high)
{
    return value > high ? high : value;
}

/* A total of the whole machine in CPUs; NAN if it is not known. */
static double in_cpus(const struct report *report, uint64_t ns)
{
    bool is_known = fact_is_number(ns) && report->usage.time_ns > 0;

    return is_known ? (double)ns / (double)report->usage.time_ns : (double)NAN;
}

/* What could have kept a thread from running, at the most: all but itself that ran where it may. */
static double others_at_most(const struct report *report, uint32_t i)
{
    const struct thread_use *use = &report->thread[i];
    double others;

    if (use->cpu >= 0)
        return use->others;
    others = in_cpus(report, report->usage.busy_ns) - in_cpus(report, report->usage.softirq_ns) -
             use->own;
    return isnan(others) ? others : at_least(others, 0);
}

/* How full the CPUs were on which a thread may run, by anything, as a share; NAN: not known. */
static double fullness(const struct report *report, uint32_t i)
{
    const struct thread_use *use = &report->thread[i];
    double all = use->cpu >= 0 ? use->busy + use->others
                               : in_cpus(report, report->usage.busy_ns) /
                                     at_least(report->machine.cpus_allowed, 1);

    return at_most(all, 1);
}

/* The part of the softirqs that may be a thread's own, beyond what `busy` has: up to all that there
 * were, but no more than the thread itself ran, since over loopback they are half of the work. */
static double softirqs_at_most(const struct report *report, uint32_t i)
{
    const struct thread_use *use = &report->thread[i];
    double all = in_cpus(report, report->usage.softirq_ns);

    if (report->thread_allowed < 1 ||
        !isnan(use->others)) /* it is in `busy`, as far as it counts */
        return 0;
    return isnan(all) ? use->own : at_most(use->own, all);
}

struct verdict_demand verdict_demand(const struct report *report, uint32_t i)
{
    const struct thread_use *use = &report->thread[i];
    double others = others_at_most(report, i), full = fullness(report, i);
    struct verdict_demand demand = {.had = use->busy};

    demand.softirqs_at_most = softirqs_at_most(report, i);
    if (!isnan(use->waited)) {
        demand.taken = isnan(others) ? use->waited : at_most(use->waited, others);
        demand.taken_at_most = use->waited;
    } else if (isnan(full)) {
        demand.taken_at_most = 1;
    } else {
        demand.taken = full > VERDICT_FULL_SHARE ? at_most(others, 1 - at_most(use->busy, 1)) : 0;
        /* A floating thread finds a CPU that is free, unless they are nearly full. */
        demand.taken_at_most = use->cpu >= 0 || full > VERDICT_BUSY_SHARE ? at_most(others, 1) : 0;
    }
    return demand;
}

/* The thread from which most was taken, if that mattered. Returns false if there is none. */
static bool find_shared(const struct report *report, uint32_t *ret_thread)
{
    double most = 0;

    for (uint32_t i = 0; i < report->threads; i++) {
        struct verdict_demand demand = verdict_demand(report, i);

        if (demand.taken <= VERDICT_TAKEN_SHARE &&
            (demand.had > VERDICT_BUSY_SHARE || demand.had + demand.taken <= VERDICT_BUSY_SHARE))
            continue;
        if (demand.taken <= most)
            continue;
        most = demand.taken;
        *ret_thread = i;
    }
    return most > 0;
}

/* What to do about a CPU that is shared, and with whom. */
static const char *shared_advice(const struct report *report, bool is_pinned)
{
    if (!is_pinned && report->threads > report->machine.cpus_allowed)
        return "use no more threads than CPUs (-t), and stop what else runs there";
    if (report->target_is_local)
        return "the service may be among them: give each CPUs of its own (--cpus), or use two "
               "machines";
    return "stop what else runs there, or move it (--cpus)";
}

bool verdict_cpu_shared(const struct report *report, char *text)
{
    char cpu[24] = "a CPU", others[FIGURE_TEXT_BYTES + 24] = "";
    const struct thread_use *use;
    struct verdict_demand demand;
    uint32_t i = 0;

    if (report->usage.time_ns < VERDICT_TICKS_NS || verdict_is_throttled(report) ||
        !find_shared(report, &i))
        return false;
    use = &report->thread[i];
    demand = verdict_demand(report, i);
    if (use->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "CPU %d", use->cpu);
    if (use->cpu >= 0 && !isnan(use->others))
        snprintf(others, sizeof(others), " (they used %s of it)",
                 figure_percent(use->others, ROOM));
    return verdict_holds(
        text,
        "thread %u of %u had %s for %s of the time, and %s others for %s more%s: the generator %s "
        "the limit, so the service may do better; %s",
        i + 1, report->threads, cpu, figure_percent(at_most(demand.had, 1), ROOM),
        isnan(use->waited) ? "lost it to" : "waited for", figure_percent(demand.taken, ROOM),
        others, demand.had + demand.taken > VERDICT_BUSY_SHARE ? "was" : "may have been",
        shared_advice(report, use->cpu >= 0));
}

/* Why it cannot be told whether a thread had all the CPU that it wanted, and what to do. */
static void unknown_reason(const struct report *report, uint32_t i,
                           const struct verdict_demand *demand, char text[REPORT_VERDICT_BYTES])
{
    if (isnan(report->thread[i].waited) && demand->taken_at_most > demand->taken)
        snprintf(text, REPORT_VERDICT_BYTES,
                 ", and how long it waited for a CPU is not told here%s; run it where /proc is "
                 "mounted, with CPUs of its own",
                 isnan(fullness(report, i)) ? " (neither schedstat nor /proc/stat)" : "");
    else if (demand->softirqs_at_most > demand->taken_at_most)
        snprintf(text, REPORT_VERDICT_BYTES,
                 ", and the kernel's network path (softirqs) may have taken up to %s more of its "
                 "CPU; keep it on one CPU, where they can be told apart (--cpus)",
                 figure_percent(demand->softirqs_at_most, ROOM));
    else
        snprintf(text, REPORT_VERDICT_BYTES,
                 " and waited for a CPU %s, though little else was seen there (softirqs, slow "
                 "wake-ups, or a quota out of sight); ask for less, or use more threads (-t)",
                 figure_percent(demand->taken_at_most, ROOM));
}

bool verdict_may_be_limit(const struct report *report, char *text)
{
    for (uint32_t i = 0; i < report->threads; i++) {
        struct verdict_demand demand = verdict_demand(report, i);
        double most = demand.had + demand.softirqs_at_most + demand.taken_at_most;
        char reason[REPORT_VERDICT_BYTES];

        if (demand.had > VERDICT_BUSY_SHARE || most <= VERDICT_BUSY_SHARE)
            continue;
        unknown_reason(report, i, &demand, reason);
        return verdict_holds(text,
                             "whether the generator was the limit cannot be told: thread %u of %u "
                             "ran for %s of the time%s",
                             i + 1, report->threads, figure_percent(demand.had, ROOM), reason);
    }
    return false;
}

bool verdict_threads_exceed_cpus(const struct report *report, char *text)
{
    uint32_t cpus = report->machine.cpus_allowed;

    if (cpus == 0 || report->threads <= cpus)
        return false;
    return verdict_holds(
        text, "%u threads share %u CPU%s, so they wait for each other: use no more than %u (-t)",
        report->threads, cpus, verdict_plural(cpus), cpus);
}
