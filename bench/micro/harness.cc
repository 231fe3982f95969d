/* The only C++ of the project: Google Benchmark's classes as functions for C. */
#include "harness.h"

#include "base/exit_code.h"

#include <array>
#include <benchmark/benchmark.h>
#include <string>

struct bench_state {
    benchmark::State *google;
    std::array<uint64_t, BENCH_ARGUMENTS_MAX> values;
    bool *failed; /* of any benchmark */
};

uint64_t bench_argument(const bench_state *state, size_t i)
{
    return state->values.at(i);
}

bool bench_keep_running(bench_state *state, uint64_t batch)
{
    return state->google->KeepRunningBatch(static_cast<benchmark::IterationCount>(batch));
}

uint64_t bench_iterations(const bench_state *state)
{
    return static_cast<uint64_t>(state->google->max_iterations);
}

void bench_skip(bench_state *state, const char *reason)
{
    state->google->SkipWithError(("skipped: " + std::string(reason)).c_str());
}

void bench_fail(bench_state *state, const char *reason)
{
    *state->failed = true;
    state->google->SkipWithError(("failed: " + std::string(reason)).c_str());
}

static benchmark::Counter::Flags counter_flags(bench_counter_kind kind)
{
    switch (kind) {
    case BENCH_PER_ITERATION:
        return benchmark::Counter::kAvgIterations;
    case BENCH_PER_SECOND:
        return benchmark::Counter::kIsRate;
    case BENCH_VALUE:
        break;
    }
    return benchmark::Counter::kDefaults;
}

void bench_counter(bench_state *state, const char *name, double value, bench_counter_kind kind)
{
    state->google->counters[name] = benchmark::Counter(value, counter_flags(kind));
}

void bench_fact(const char *name, const char *value)
{
    benchmark::AddCustomContext(name, value);
}

/* One combination of arguments, as places in their lists. */
using combination = std::array<size_t, BENCH_ARGUMENTS_MAX>;

static size_t argument_count(const bench &row)
{
    size_t count = 0;

    while (count < BENCH_ARGUMENTS_MAX && row.arguments[count].name)
        count++;
    return count;
}

/* Go on to the next combination, the last argument changing first. False: there is none. */
static bool combination_advance(const bench &row, combination &places)
{
    for (size_t i = argument_count(row); i-- > 0;) {
        if (++places[i] < row.arguments[i].count)
            return true;
        places[i] = 0;
    }
    return false;
}

static void bench_register(const bench &row, const combination &places, bool *failed)
{
    std::string name = row.name;
    bench_state state = {nullptr, {}, failed};

    for (size_t i = 0; i < argument_count(row); i++) {
        const bench_axis &argument = row.arguments[i];

        state.values[i] = argument.words ? places[i] : argument.numbers[places[i]];
        name += "/" + std::string(argument.name) + ":";
        name += argument.words ? argument.words[places[i]] : std::to_string(state.values[i]);
    }
    auto run = [state, &row](benchmark::State &google) {
        bench_state of_this_run = state;

        of_this_run.google = &google;
        row.run(&of_this_run, row.context);
    };
    benchmark::internal::Benchmark *registered = benchmark::RegisterBenchmark(name.c_str(), run);
    if (row.waits)
        registered->UseRealTime();
}

int bench_main(int argc, char **argv, const struct bench *const tables[])
{
    bool failed = false;

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return EXIT_USAGE;
    for (; *tables; tables++) {
        for (const bench *row = *tables; row->name; row++) {
            combination places = {};

            do
                bench_register(*row, places, &failed);
            while (combination_advance(*row, places));
        }
    }
    if (benchmark::RunSpecifiedBenchmarks() == 0)
        return EXIT_USAGE; /* no name matches the filter; it was said */
    benchmark::Shutdown();
    return failed ? EXIT_CANNOT_RUN : EXIT_DONE;
}
