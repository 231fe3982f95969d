/* Verdicts about CPU time: who had how much of it, and who had none. */
#include "report/verdict.h"
#include "report/verdict_rule.h"

#include <math.h>
#include <stdio.h>

/* A time as a share of the measured time. */
static double share_of_time(const struct report *report, uint64_t ns)
{
    return report->usage.time_ns > 0 ? (double)ns / (double)report->usage.time_ns : 0;
}

/* How busy the CPUs were with anything, as a share of them all; 0 if that is not known. */
static double cpus_busy(const struct report *report)
{
    uint32_t cpus = report->machine.cpus_allowed;
    bool is_known = cpus > 0 && fact_is_number(report->usage.busy_ns);
    double share = is_known ? share_of_time(report, report->usage.busy_ns) / cpus : 0;

    if (report->usage.time_ns < VERDICT_TICKS_NS)
        return 0;
    return share < 1 ? share : 1;
}

/* How many CPUs' worth of time the threads may use together. */
static double cpus_usable(const struct report *report)
{
    double usable = report->thread_allowed * report->threads;
    double cpus = report->machine.cpus_allowed;

    return cpus > 0 && usable > cpus ? cpus : usable;
}

bool verdict_is_throttled(const struct report *report)
{
    return fact_is_number(report->usage.throttled_count) && report->usage.throttled_count > 0 &&
           share_of_time(report, report->usage.throttled_ns) > VERDICT_TIME_SHARE;
}

bool verdict_throttled(const struct report *report, char *text)
{
    const struct machine *machine = &report->machine;
    char quota[2 * UNITS_TEXT_BYTES + 16] = "";

    if (!verdict_is_throttled(report))
        return false;
    if (machine->quota_period_us > 0)
        snprintf(quota, sizeof(quota), " of %s per %s",
                 duration_format(machine->quota_us * NS_PER_US, ROOM),
                 duration_format(machine->quota_period_us * NS_PER_US, ROOM));
    return verdict_holds(
        text,
        "a cgroup's CPU quota%s stopped this generator in %s period%s, for %s in all "
        "(summed over its CPUs): the numbers are those of the quota, not of the service; "
        "raise the quota, or ask for less",
        quota, figure_count(report->usage.throttled_count, ROOM),
        verdict_plural(report->usage.throttled_count),
        figure_duration(report->usage.throttled_ns, ROOM));
}

static uint64_t hidden_grid_ns(const struct report *report)
{
    if (fact_is_number(report->usage.throttled_count) && report->usage.throttled_count > 0)
        return 0;
    return stalls_grid_ns(report->stalls, report->machine.quota_period_us * NS_PER_US);
}

bool verdict_stalls_grid(const struct report *report, char *text)
{
    const struct stalls *stalls = report->stalls;
    uint64_t grid_ns = hidden_grid_ns(report);

    if (grid_ns == 0)
        return false;
    return verdict_holds(
        text,
        "the machine stood still %s times on a grid of %s, %s in all, though no cgroup was "
        "throttled: its host has a CPU quota; ask for less, or use a machine with CPUs of its own",
        figure_count(stalls->count, ROOM), duration_format(grid_ns, ROOM),
        figure_duration(stalls->total_ns, ROOM));
}

struct verdict_busy verdict_busy(const struct report *report)
{
    double usable = cpus_usable(report), sum = 0;
    struct verdict_busy busy = {0};

    for (uint32_t i = 0; i < report->threads; i++) {
        sum += report->thread[i].busy;
        if (report->thread[i].busy > busy.share)
            busy = (struct verdict_busy){.share = report->thread[i].busy, .thread = i};
    }
    /* What one thread leaves of a quota, another may use: so they are judged together. */
    if (usable > 0 && sum / usable > busy.share) {
        busy.share = sum / usable;
        busy.of_all = true;
    }
    if (busy.share > 1) /* the times of threads are read one after the other */
        busy.share = 1;
    return busy;
}

bool verdict_generator_busy(const struct report *report, char *text)
{
    struct verdict_busy busy = verdict_busy(report);
    bool has_room =
        report->threads < report->machine.cpus_allowed && cpus_busy(report) <= VERDICT_FULL_SHARE;
    bool by_quota = busy.of_all && report->thread_allowed < 1;
    const char *change = has_room ? "use more threads (-t)" : "use more CPUs, or more machines";
    char who[64];

    if (busy.share <= VERDICT_BUSY_SHARE || report->usage.time_ns < VERDICT_TICKS_NS)
        return false;
    if (busy.of_all && report->threads > 1)
        snprintf(who, sizeof(who), "the %u threads together", report->threads);
    else
        snprintf(who, sizeof(who), "thread %u of %u", busy.thread + 1, report->threads);
    return verdict_holds(text,
                         "%s used %s of %s: the generator was the limit, so the service may do "
                         "better; %s%s",
                         who, figure_percent(busy.share, ROOM),
                         by_quota      ? "the CPU time that its quota allows"
                         : busy.of_all ? "their CPUs"
                                       : "its CPU",
                         by_quota ? "raise the quota" : change,
                         load_is_open_loop(report->config) ? ", or ask for a lower rate (-r)" : "");
}

/* The CPUs that the generator may run on, and what they did, in CPUs. */
struct cpus_use {
    uint32_t count;
    double busy, own, softirq;
};

/* Returns false if it is not known, or too short a time for ticks. */
static bool cpus_use(const struct report *report, struct cpus_use *ret_use)
{
    const struct usage *usage = &report->usage;
    struct cpus_use use = {.count = report->threads};

    if (usage->time_ns < VERDICT_TICKS_NS)
        return false;
    for (uint32_t i = 0; i < report->threads; i++) {
        const struct thread_use *thread = &report->thread[i];

        if (thread->cpu < 0) { /* so it may be any of them */
            use = (struct cpus_use){.count = report->machine.cpus_allowed,
                                    .busy = share_of_time(report, usage->busy_ns),
                                    .own = share_of_time(report, usage->process_ns),
                                    .softirq = share_of_time(report, usage->softirq_ns)};
            if (!fact_is_number(usage->busy_ns) || !fact_is_number(usage->softirq_ns))
                return false;
            break;
        }
        use.busy += thread->busy + thread->others;
        use.own += thread->own;
        use.softirq += thread->softirq;
    }
    *ret_use = use;
    return use.count > 0 && !isnan(use.busy);
}

/* True if it is known of every thread that it had its CPU whenever it wanted it. */
static bool nothing_was_taken(const struct report *report)
{
    for (uint32_t i = 0; i < report->threads; i++) {
        if (verdict_demand(report, i).taken_at_most > VERDICT_TAKEN_NONE)
            return false;
    }
    return true;
}

bool verdict_cpus_full(const struct report *report, char *text)
{
    double limit = report->target_is_local ? VERDICT_LOCAL_SHARE : VERDICT_FULL_SHARE;
    struct cpus_use use;
    double full;

    if (!cpus_use(report, &use))
        return false;
    full = use.busy / use.count < 1 ? use.busy / use.count : 1;
    /* Softirqs are as much the generator's as anybody's: without others, it had all of its CPUs. */
    if (full <= limit || use.busy - use.own - use.softirq <= VERDICT_OTHERS_SHARE * use.busy)
        return false;
    if (report->target_is_local)
        return verdict_holds(
            text,
            "hello-load and the service share the %u CPU%s that hello-load runs on, %s busy (of "
            "that, %s hello-load, %s the kernel's network path, the rest the service and others): "
            "this is a number of both; give each CPUs of its own (--cpus), or use two machines",
            use.count, verdict_plural(use.count), figure_percent(full, ROOM),
            figure_percent(use.own / use.busy, ROOM), figure_percent(use.softirq / use.busy, ROOM));
    if (nothing_was_taken(report))
        return false;
    return verdict_holds(
        text,
        "the CPUs (%u) were %s busy: of that, %s was the generator, %s the kernel's network path "
        "(softirqs), the rest others; stop them, or use another machine",
        use.count, figure_percent(full, ROOM), figure_percent(use.own / use.busy, ROOM),
        figure_percent(use.softirq / use.busy, ROOM));
}

/* The share of the CPU time that was wanted which the hypervisor withheld; 0: none, or not known.
 */
static double steal_of_all(const struct report *report)
{
    const struct usage *usage = &report->usage;

    /* Of an idle machine, a single tick is a large share. */
    if (!fact_is_number(usage->busy_ns) || !fact_is_number(usage->steal_ns) ||
        share_of_time(report, usage->steal_ns) <= VERDICT_TIME_SHARE)
        return 0;
    return (double)usage->steal_ns / (double)(usage->busy_ns + usage->steal_ns);
}

/* Likewise of the CPU of one thread. */
static double steal_of_thread(const struct thread_use *use)
{
    double wanted = use->busy + use->others + use->steal;

    return use->steal > VERDICT_TIME_SHARE && wanted > 0 ? use->steal / wanted : 0;
}

bool verdict_steal(const struct report *report, char *text)
{
    double share = steal_of_all(report);
    char where[24] = "";

    for (uint32_t i = 0; i < report->threads; i++) {
        if (steal_of_thread(&report->thread[i]) <= share)
            continue;
        share = steal_of_thread(&report->thread[i]);
        snprintf(where, sizeof(where), " on CPU %d", report->thread[i].cpu);
    }
    if (report->usage.time_ns < VERDICT_TICKS_NS || share <= VERDICT_STEAL_SHARE)
        return false;
    return verdict_holds(
        text,
        "the hypervisor withheld %s of the CPU time that was wanted%s (steal): neighbours or "
        "a quota of the host; repeat the run, or use a machine with CPUs of its own",
        figure_percent(share, ROOM), where);
}

bool verdict_stalls(const struct report *report, char *text)
{
    const struct stalls *stalls = report->stalls;

    if (verdict_is_throttled(report) || hidden_grid_ns(report) != 0) /* that is why, and is said */
        return false;
    if (stalls->longest_ns <= VERDICT_STALL_NS &&
        share_of_time(report, stalls->total_ns) <= VERDICT_TIME_SHARE)
        return false;
    return verdict_holds(
        text,
        "the machine stood still %s time%s, %s in all, %s at the longest, and latencies "
        "contain that: neighbours on its host, a pause, or other programs on its CPUs; "
        "repeat the run, or use a quieter machine",
        figure_count(stalls->count, ROOM), verdict_plural(stalls->count),
        figure_duration(stalls->total_ns, ROOM), figure_duration(stalls->longest_ns, ROOM));
}
