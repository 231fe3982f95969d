/* simulate: run seeded worlds of the responder and of the generator, and stop at what is wrong. */
#include "sides.h"
#include "world.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A world takes a few milliseconds; in valgrind, beside others, a few hundred times that. */
#define HANG_S 120

static const char usage[] =
    "Usage: simulate [--side server|asked|load] [--seed N] [--count N] [--for SECONDS] [--twice] "
    "[--verbose]\n"
    "\n"
    "Runs the worlds of the seeds from N on (default: 1), of all sides unless one is named: "
    "--count\n"
    "of them (default: 1), or as many as it gets done in --for seconds, from a seed of the clock\n"
    "unless one is given. Prints how many there were; the same seed is the same world, to the hash "
    "of\n"
    "its trace. At the first that goes wrong it prints the seed and what happened last, and exits\n"
    "with 1. --verbose prints all that happens. --twice runs each world twice, which must be "
    "alike.\n";

struct arguments {
    bool server, asked, load;
    uint64_t seed, count;
    double for_s;
    bool twice, verbose;
};

static void usage_exit(int code)
{
    fputs(usage, code == 0 ? stdout : stderr);
    exit(code);
}

static struct arguments arguments_read(int argc, char *argv[])
{
    static const struct option options[] = {
        {"side", required_argument, NULL, 'd'},  {"seed", required_argument, NULL, 's'},
        {"count", required_argument, NULL, 'c'}, {"for", required_argument, NULL, 'f'},
        {"twice", no_argument, NULL, 't'},       {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},        {0}};
    struct arguments arguments = {.server = true, .asked = true, .load = true, .count = 1};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'd') {
            arguments.server = strcmp(optarg, "server") == 0;
            arguments.asked = strcmp(optarg, "asked") == 0;
            arguments.load = strcmp(optarg, "load") == 0;
        } else if (option == 's') {
            arguments.seed = strtoull(optarg, NULL, 10);
        } else if (option == 'c') {
            arguments.count = strtoull(optarg, NULL, 10);
        } else if (option == 'f') {
            arguments.for_s = strtod(optarg, NULL);
        } else if (option == 't') {
            arguments.twice = true;
        } else if (option == 'v') {
            arguments.verbose = true;
        } else {
            usage_exit(option == 'h' ? 0 : 2);
        }
    }
    if (optind < argc || !(arguments.server || arguments.asked || arguments.load))
        usage_exit(2);
    return arguments;
}

static double real_s(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t seed_of_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static uint64_t seed_run(const struct arguments *arguments, uint64_t seed)
{
    uint64_t hash = 0;

    if (arguments->server)
        hash = server_simulate(seed, arguments->verbose);
    if (arguments->asked)
        hash = hash * 31 + asked_server_simulate(seed, arguments->verbose);
    if (arguments->load)
        hash = hash * 31 + load_simulate(seed, arguments->verbose);
    return hash;
}

int main(int argc, char *argv[])
{
    struct arguments arguments = arguments_read(argc, argv);
    double end_s = real_s() + arguments.for_s;
    uint64_t worlds = 0, hash = 0;

    if (arguments.seed == 0)
        arguments.seed = arguments.for_s > 0 ? seed_of_clock() : 1;
    if (arguments.for_s > 0) {
        printf("simulate: from seed %" PRIu64 " on\n", arguments.seed);
        fflush(stdout);
    }
    for (uint64_t i = 0; arguments.for_s > 0 ? real_s() < end_s : i < arguments.count; i++) {
        uint64_t one_hash;

        world_watch_signals(HANG_S);
        one_hash = seed_run(&arguments, arguments.seed + i);
        if (arguments.twice && seed_run(&arguments, arguments.seed + i) != one_hash) {
            fprintf(stderr, "simulate: seed %" PRIu64 " is not the same world the second time\n",
                    arguments.seed + i);
            return 1;
        }
        hash = hash * 31 + one_hash;
        worlds++;
    }
    printf("simulate: %" PRIu64 " seeds from %" PRIu64 " on, %" PRIu64 " events, hash %016" PRIx64
           "\n",
           worlds, arguments.seed, world_event_count(), hash);
    return 0;
}
