/* Verdicts about CPU time: who had how much of it, and who got none. */
#include "report/verdict.h"
#include "report/verdict_rule.h"

#include <math.h>
#include <stdio.h>

/* A time as a share of the measured time. */
static double share_of_time(const struct document *document, uint64_t ns)
{
    return document->usage.time_ns > 0 ? (double)ns / (double)document->usage.time_ns : 0;
}

/* How busy the CPUs were in total, as a share of all CPUs; 0 if unknown. */
static double cpus_busy(const struct document *document)
{
    uint32_t cpus = document->machine.cpus_allowed;
    bool is_known = cpus > 0 && fact_is_number(document->usage.busy_ns);
    double share = is_known ? share_of_time(document, document->usage.busy_ns) / cpus : 0;

    if (document->usage.time_ns < VERDICT_TICKS_NS)
        return 0;
    return share < 1 ? share : 1;
}

/* How many CPUs the threads may use together. */
static double cpus_usable(const struct document *document)
{
    double usable = document->thread_allowed * document->threads;
    double cpus = document->machine.cpus_allowed;

    return cpus > 0 && usable > cpus ? cpus : usable;
}

bool verdict_is_throttled(const struct document *document)
{
    return fact_is_number(document->usage.throttled_count) && document->usage.throttled_count > 0 &&
           share_of_time(document, document->usage.throttled_ns) > VERDICT_TIME_SHARE;
}

bool verdict_throttled(const struct document *document, char *text)
{
    const struct machine *machine = &document->machine;
    char quota[2 * UNITS_TEXT_BYTES + 16] = "";

    if (!verdict_is_throttled(document))
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
        quota, figure_count(document->usage.throttled_count, ROOM),
        verdict_plural(document->usage.throttled_count),
        figure_duration(document->usage.throttled_ns, ROOM));
}

static uint64_t hidden_grid_ns(const struct document *document)
{
    if (fact_is_number(document->usage.throttled_count) && document->usage.throttled_count > 0)
        return 0;
    return stalls_grid_ns(&document->stalls, document->machine.quota_period_us * NS_PER_US);
}

bool verdict_stalls_grid(const struct document *document, char *text)
{
    const struct stalls *stalls = &document->stalls;
    uint64_t grid_ns = hidden_grid_ns(document);

    if (grid_ns == 0)
        return false;
    return verdict_holds(
        text,
        "the machine stood still %s times on a grid of %s, %s in all, though no cgroup was "
        "throttled: its host has a CPU quota; ask for less, or use a machine with CPUs of its own",
        figure_count(stalls->count, ROOM), duration_format(grid_ns, ROOM),
        figure_duration(stalls->total_ns, ROOM));
}

struct verdict_busy verdict_busy(const struct document *document)
{
    double usable = cpus_usable(document), sum = 0;
    struct verdict_busy busy = {0};

    for (uint32_t i = 0; i < document->threads; i++) {
        sum += document->thread[i].busy;
        if (document->thread[i].busy > busy.share)
            busy = (struct verdict_busy){.share = document->thread[i].busy, .thread = i};
    }
    /* What one thread leaves of a quota, another may use: so evaluate them together. */
    if (usable > 0 && sum / usable > busy.share) {
        busy.share = sum / usable;
        busy.of_all = true;
    }
    if (busy.share > 1) /* because thread times are read one after another */
        busy.share = 1;
    return busy;
}

bool verdict_generator_busy(const struct document *document, char *text)
{
    struct verdict_busy busy = verdict_busy(document);
    bool has_room = document->threads < document->machine.cpus_allowed &&
                    cpus_busy(document) <= VERDICT_FULL_SHARE;
    bool by_quota = busy.of_all && document->thread_allowed < 1;
    const char *change = has_room ? "use more threads (-t)" : "use more CPUs, or more machines";
    char who[64];

    if (busy.share <= VERDICT_BUSY_SHARE || document->usage.time_ns < VERDICT_TICKS_NS)
        return false;
    if (busy.of_all && document->threads > 1)
        snprintf(who, sizeof(who), "the %u threads together", document->threads);
    else
        snprintf(who, sizeof(who), "thread %u of %u", busy.thread + 1, document->threads);
    return verdict_holds(text,
                         "%s used %s of %s: the generator was the limit, so the service may do "
                         "better; %s%s",
                         who, figure_percent(busy.share, ROOM),
                         by_quota      ? "the CPU time that its quota allows"
                         : busy.of_all ? "their CPUs"
                                       : "its CPU",
                         by_quota ? "raise the quota" : change,
                         document_is_open_loop(document) ? ", or ask for a lower rate (-r)" : "");
}

/* The CPUs that the generator may run on, and what they did, in CPUs. */
struct cpus_use {
    uint32_t count;
    double busy, own, softirq;
};

/* Returns false if unknown, or if the time is too short for ticks. */
static bool cpus_use(const struct document *document, struct cpus_use *ret_use)
{
    const struct usage *usage = &document->usage;
    struct cpus_use use = {.count = document->threads};

    if (usage->time_ns < VERDICT_TICKS_NS)
        return false;
    for (uint32_t i = 0; i < document->threads; i++) {
        const struct thread_use *thread = &document->thread[i];

        if (thread->cpu < 0) { /* it may be any CPU */
            use = (struct cpus_use){.count = document->machine.cpus_allowed,
                                    .busy = share_of_time(document, usage->busy_ns),
                                    .own = share_of_time(document, usage->process_ns),
                                    .softirq = share_of_time(document, usage->softirq_ns)};
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

/* True if every thread is known to have had its CPU whenever it wanted it. */
static bool nothing_was_taken(const struct document *document)
{
    for (uint32_t i = 0; i < document->threads; i++) {
        if (verdict_demand(document, i).taken_at_most > VERDICT_TAKEN_NONE)
            return false;
    }
    return true;
}

bool verdict_cpus_full(const struct document *document, char *text)
{
    double limit = document->target_is_local ? VERDICT_LOCAL_SHARE : VERDICT_FULL_SHARE;
    struct cpus_use use;
    double full;

    if (!cpus_use(document, &use))
        return false;
    full = use.busy / use.count < 1 ? use.busy / use.count : 1;
    /* Softirqs may be the generator's own: if no others ran, it had all of its CPUs. */
    if (full <= limit || use.busy - use.own - use.softirq <= VERDICT_OTHERS_SHARE * use.busy)
        return false;
    if (document->target_is_local)
        return verdict_holds(
            text,
            "hello-load and the service share the %u CPU%s that hello-load runs on, %s busy (of "
            "that, %s hello-load, %s the kernel's network path, the rest the service and others): "
            "this result depends on both; give each CPUs of its own (--cpus), or use two machines",
            use.count, verdict_plural(use.count), figure_percent(full, ROOM),
            figure_percent(use.own / use.busy, ROOM), figure_percent(use.softirq / use.busy, ROOM));
    if (nothing_was_taken(document))
        return false;
    return verdict_holds(
        text,
        "the CPUs (%u) were %s busy: of that, %s was the generator, %s the kernel's network path "
        "(softirqs), the rest others; stop them, or use another machine",
        use.count, figure_percent(full, ROOM), figure_percent(use.own / use.busy, ROOM),
        figure_percent(use.softirq / use.busy, ROOM));
}

/* The share of the wanted CPU time that the hypervisor withheld; 0: none, or unknown. */
static double steal_of_all(const struct document *document)
{
    const struct usage *usage = &document->usage;

    /* On an idle machine, a single tick is a large share. */
    if (!fact_is_number(usage->busy_ns) || !fact_is_number(usage->steal_ns) ||
        share_of_time(document, usage->steal_ns) <= VERDICT_TIME_SHARE)
        return 0;
    return (double)usage->steal_ns / (double)(usage->busy_ns + usage->steal_ns);
}

/* The same for the CPU of one thread. */
static double steal_of_thread(const struct thread_use *use)
{
    double wanted = use->busy + use->others + use->steal;

    return use->steal > VERDICT_TIME_SHARE && wanted > 0 ? use->steal / wanted : 0;
}

bool verdict_steal(const struct document *document, char *text)
{
    double share = steal_of_all(document);
    char where[24] = "";

    for (uint32_t i = 0; i < document->threads; i++) {
        if (steal_of_thread(&document->thread[i]) <= share)
            continue;
        share = steal_of_thread(&document->thread[i]);
        snprintf(where, sizeof(where), " on CPU %d", document->thread[i].cpu);
    }
    if (document->usage.time_ns < VERDICT_TICKS_NS || share <= VERDICT_STEAL_SHARE)
        return false;
    return verdict_holds(
        text,
        "the hypervisor withheld %s of the CPU time that was needed%s (steal): neighbours or "
        "a quota of the host; repeat the run, or use a machine with CPUs of its own",
        figure_percent(share, ROOM), where);
}

bool verdict_stalls(const struct document *document, char *text)
{
    const struct stalls *stalls = &document->stalls;

    if (verdict_is_throttled(document) ||
        hidden_grid_ns(document) != 0) /* that is the cause, and is reported */
        return false;
    if (stalls->longest_ns <= VERDICT_STALL_NS &&
        share_of_time(document, stalls->total_ns) <= VERDICT_TIME_SHARE)
        return false;
    return verdict_holds(
        text,
        "the machine stood still %s time%s, %s in all, %s at the longest, and latencies "
        "contain that: neighbours on its host, a pause, or other programs on its CPUs; "
        "repeat the run, or use a quieter machine",
        figure_count(stalls->count, ROOM), verdict_plural(stalls->count),
        figure_duration(stalls->total_ns, ROOM), figure_duration(stalls->longest_ns, ROOM));
}
