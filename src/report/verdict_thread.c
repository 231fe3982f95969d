/* Verdicts about single threads: who had the CPU that a thread of the generator wanted. Unknown
 * values count as the worst case for the generator. */
#include "report/verdict.h"
#include "report/verdict_rule.h"

#include <math.h>
#include <stdio.h>

/* Both leave unknown values as they are. */
static double at_least(double value, double low)
{
    return value < low ? low : value;
}

static double at_most(double value, double high)
{
    return value > high ? high : value;
}

/* A total of the whole machine in CPUs; NAN if unknown. */
static double in_cpus(const struct document *document, uint64_t ns)
{
    bool is_known = fact_is_number(ns) && document->usage.time_ns > 0;

    return is_known ? (double)ns / (double)document->usage.time_ns : (double)NAN;
}

/* At most what could have kept a thread from running: everything else that ran on its CPUs. */
static double others_at_most(const struct document *document, uint32_t i)
{
    const struct thread_use *use = &document->thread[i];
    double others;

    if (use->cpu >= 0)
        return use->others;
    others = in_cpus(document, document->usage.busy_ns) -
             in_cpus(document, document->usage.softirq_ns) - use->own;
    return isnan(others) ? others : at_least(others, 0);
}

/* How busy the CPUs were on which a thread may run, in total, as a share; NAN: unknown. */
static double fullness(const struct document *document, uint32_t i)
{
    const struct thread_use *use = &document->thread[i];
    double all = use->cpu >= 0 ? use->busy + use->others
                               : in_cpus(document, document->usage.busy_ns) /
                                     at_least(document->machine.cpus_allowed, 1);

    return at_most(all, 1);
}

/* The softirqs that may be a thread's own, beyond those in `busy`: at most all softirqs, and at
 * most what the thread itself ran, because over loopback they are half of the work. */
static double softirqs_at_most(const struct document *document, uint32_t i)
{
    const struct thread_use *use = &document->thread[i];
    double all = in_cpus(document, document->usage.softirq_ns);

    if (document->thread_allowed < 1 ||
        !isnan(use->others)) /* it is in `busy`, as far as it counts */
        return 0;
    return isnan(all) ? use->own : at_most(use->own, all);
}

struct verdict_demand verdict_demand(const struct document *document, uint32_t i)
{
    const struct thread_use *use = &document->thread[i];
    double others = others_at_most(document, i), full = fullness(document, i);
    struct verdict_demand demand = {.had = use->busy};

    demand.softirqs_at_most = softirqs_at_most(document, i);
    if (!isnan(use->waited)) {
        demand.taken = isnan(others) ? use->waited : at_most(use->waited, others);
        demand.taken_at_most = use->waited;
    } else if (isnan(full)) {
        demand.taken_at_most = 1;
    } else {
        demand.taken = full > VERDICT_FULL_SHARE ? at_most(others, 1 - at_most(use->busy, 1)) : 0;
        /* A floating thread finds a free CPU, unless they are nearly full. */
        demand.taken_at_most = use->cpu >= 0 || full > VERDICT_BUSY_SHARE ? at_most(others, 1) : 0;
    }
    return demand;
}

/* The thread that lost most, if significant. Returns false if there is none. */
static bool find_shared(const struct document *document, uint32_t *ret_thread)
{
    double most = 0;

    for (uint32_t i = 0; i < document->threads; i++) {
        struct verdict_demand demand = verdict_demand(document, i);

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

/* What to do about a shared CPU, and who shares it. */
static const char *shared_advice(const struct document *document, bool is_pinned)
{
    if (!is_pinned && document->threads > document->machine.cpus_allowed)
        return "use no more threads than CPUs (-t), and stop what else runs there";
    if (document->target_is_local)
        return "the service may be among them: give each CPUs of its own (--cpus), or use two "
               "machines";
    return "stop what else runs there, or move it (--cpus)";
}

bool verdict_cpu_shared(const struct document *document, char *text)
{
    char cpu[24] = "a CPU", others[FIGURE_TEXT_BYTES + 24] = "";
    const struct thread_use *use;
    struct verdict_demand demand;
    uint32_t i = 0;

    if (document->usage.time_ns < VERDICT_TICKS_NS || verdict_is_throttled(document) ||
        !find_shared(document, &i))
        return false;
    use = &document->thread[i];
    demand = verdict_demand(document, i);
    if (use->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "CPU %d", use->cpu);
    if (use->cpu >= 0 && !isnan(use->others))
        snprintf(others, sizeof(others), " (they used %s of it)",
                 figure_percent(use->others, ROOM));
    return verdict_holds(
        text,
        "thread %u of %u had %s for %s of the time, and %s others for %s more%s: the generator %s "
        "the limit, so the service may do better; %s",
        i + 1, document->threads, cpu, figure_percent(at_most(demand.had, 1), ROOM),
        isnan(use->waited) ? "lost it to" : "waited for", figure_percent(demand.taken, ROOM),
        others, demand.had + demand.taken > VERDICT_BUSY_SHARE ? "was" : "may have been",
        shared_advice(document, use->cpu >= 0));
}

/* Why it is unknown whether a thread had all the CPU that it wanted, and what to do. */
static void unknown_reason(const struct document *document, uint32_t i,
                           const struct verdict_demand *demand, char text[DOCUMENT_VERDICT_BYTES])
{
    if (isnan(document->thread[i].waited) && demand->taken_at_most > demand->taken)
        snprintf(text, DOCUMENT_VERDICT_BYTES,
                 ", and how long it waited for a CPU is not known here%s; run it where /proc is "
                 "mounted, with CPUs of its own",
                 isnan(fullness(document, i)) ? " (neither schedstat nor /proc/stat)" : "");
    else if (demand->softirqs_at_most > demand->taken_at_most)
        snprintf(text, DOCUMENT_VERDICT_BYTES,
                 ", and the kernel's network path (softirqs) may have taken up to %s more of its "
                 "CPU; keep it on one CPU to separate them (--cpus)",
                 figure_percent(demand->softirqs_at_most, ROOM));
    else
        snprintf(text, DOCUMENT_VERDICT_BYTES,
                 " and waited for a CPU %s, though little else was seen there (softirqs, slow "
                 "wake-ups, or a hidden quota); ask for less, or use more threads (-t)",
                 figure_percent(demand->taken_at_most, ROOM));
}

bool verdict_may_be_limit(const struct document *document, char *text)
{
    for (uint32_t i = 0; i < document->threads; i++) {
        struct verdict_demand demand = verdict_demand(document, i);
        double most = demand.had + demand.softirqs_at_most + demand.taken_at_most;
        char reason[DOCUMENT_VERDICT_BYTES];

        if (demand.had > VERDICT_BUSY_SHARE || most <= VERDICT_BUSY_SHARE)
            continue;
        unknown_reason(document, i, &demand, reason);
        return verdict_holds(text,
                             "it is unknown whether the generator was the limit: thread %u of %u "
                             "ran for %s of the time%s",
                             i + 1, document->threads, figure_percent(demand.had, ROOM), reason);
    }
    return false;
}

bool verdict_threads_exceed_cpus(const struct document *document, char *text)
{
    uint32_t cpus = document->machine.cpus_allowed;

    if (cpus == 0 || document->threads <= cpus)
        return false;
    return verdict_holds(
        text, "%u threads share %u CPU%s, so they wait for each other: use no more than %u (-t)",
        document->threads, cpus, verdict_plural(cpus), cpus);
}
