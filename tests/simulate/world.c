#include "world.h"

#include "random.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE_LINES      40
#define TRACE_LINE_BYTES 160

/* FNV-1a, by Fowler, Noll and Vo (RFC 9923). */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

struct agenda_entry {
    uint64_t due_ns;
    uint64_t number; /* what is due at the same time happens in the order in which it was planned */
    world_event *event;
    void *object;
    uint64_t argument;
};

static struct {
    char headline[80], advice[120]; /* of a report */
    bool verbose;
    struct world_mood mood;
    struct random random;
    uint64_t now_ns;
    struct agenda_entry *agenda; /* a heap, the first due on top */
    size_t agenda_count, agenda_room;
    uint64_t planned;
    uint64_t happened; /* in all worlds */
    char trace[TRACE_LINES][TRACE_LINE_BYTES];
    uint64_t traced;
    uint64_t hash;
} one;

void world_begin(const char *side, uint64_t seed, bool verbose)
{
    snprintf(one.headline, sizeof(one.headline), "simulate: %s, seed %" PRIu64 ", ", side, seed);
    snprintf(one.advice, sizeof(one.advice),
             "; to see it again: simulate --side %s --seed %" PRIu64 " --verbose\n", side, seed);
    one.verbose = verbose;
    one.mood = (struct world_mood){0};
    random_init(&one.random, seed);
    one.now_ns = 1000 * S + world_below(S);
    one.agenda_count = 0;
    one.planned = one.traced = 0;
    one.hash = FNV_OFFSET;
}

uint64_t world_end(void)
{
    free(one.agenda);
    one.agenda = NULL;
    one.agenda_count = one.agenda_room = 0;
    return one.hash;
}

struct world_mood *world_mood(void)
{
    return &one.mood;
}

uint64_t world_now_ns(void)
{
    return one.now_ns;
}

void world_advance(uint64_t ns)
{
    one.now_ns += ns;
}

uint64_t world_below(uint64_t count)
{
    return random_next(&one.random) % count; /* that small ones are a little likelier is no harm */
}

uint64_t world_between(uint64_t low, uint64_t high)
{
    return low + world_below(high - low + 1);
}

uint64_t world_spread(uint64_t low, uint64_t high)
{
    unsigned doublings = 0;
    uint64_t top;

    while (low << doublings < high && doublings < 60)
        doublings++;
    top = low << world_below(doublings + 1);
    return world_between(low, top < high ? top : high);
}

bool world_chance(unsigned permille)
{
    return permille > 0 && world_below(1000) < permille;
}

static bool agenda_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->number < b->number);
}

static void agenda_swap(size_t a, size_t b)
{
    struct agenda_entry entry = one.agenda[a];

    one.agenda[a] = one.agenda[b];
    one.agenda[b] = entry;
}

void world_after(uint64_t ns, world_event *event, void *object, uint64_t argument)
{
    size_t place = one.agenda_count++;

    if (one.agenda_count > one.agenda_room) {
        one.agenda_room = one.agenda_room ? 2 * one.agenda_room : 256;
        one.agenda = realloc(one.agenda, one.agenda_room * sizeof(*one.agenda));
        if (!one.agenda)
            world_fail("the simulator has no memory");
    }
    one.agenda[place] =
        (struct agenda_entry){one.now_ns + ns, one.planned++, event, object, argument};
    for (; place > 0 && agenda_before(&one.agenda[place], &one.agenda[(place - 1) / 2]);
         place = (place - 1) / 2)
        agenda_swap(place, (place - 1) / 2);
}

static struct agenda_entry agenda_take(void)
{
    struct agenda_entry first = one.agenda[0];
    size_t place = 0;

    one.agenda[0] = one.agenda[--one.agenda_count];
    for (;;) {
        size_t least = place, child = 2 * place + 1;

        for (size_t i = child; i < child + 2 && i < one.agenda_count; i++)
            least = agenda_before(&one.agenda[i], &one.agenda[least]) ? i : least;
        if (least == place)
            return first;
        agenda_swap(place, least);
        place = least;
    }
}

uint64_t world_next_ns(void)
{
    return one.agenda_count > 0 ? one.agenda[0].due_ns : UINT64_MAX;
}

void world_run(void)
{
    while (world_next_ns() <= one.now_ns) {
        struct agenda_entry entry = agenda_take();

        one.happened++;
        entry.event(entry.object, entry.argument);
    }
}

void world_run_for(uint64_t ns)
{
    uint64_t end_ns = one.now_ns + ns;

    while (world_next_ns() <= end_ns) {
        one.now_ns = world_next_ns() > one.now_ns ? world_next_ns() : one.now_ns;
        world_run();
    }
}

void world_trace(const char *format, ...)
{
    char *line = one.trace[one.traced++ % TRACE_LINES];
    va_list arguments;
    int length;

    length = snprintf(line, TRACE_LINE_BYTES, "%12.6f s  ", (double)one.now_ns / 1e9);
    va_start(arguments, format);
    vsnprintf(line + length, TRACE_LINE_BYTES - (size_t)length, format, arguments);
    va_end(arguments);
    for (const char *at = line; *at; at++)
        one.hash = (one.hash ^ (unsigned char)*at) * FNV_PRIME;
    if (one.verbose)
        printf("%s\n", line);
}

/* Called in a signal handler, too: only what is safe there (signal-safety(7)). */
static void world_print(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(1); /* nobody reads it */
}

static void world_report(const char *what)
{
    uint64_t first = one.traced > TRACE_LINES ? one.traced - TRACE_LINES : 0;

    for (uint64_t i = first; i < one.traced; i++) {
        world_print(one.trace[i % TRACE_LINES]);
        world_print("\n");
    }
    world_print(one.headline);
    world_print(what);
    world_print(one.advice);
}

void world_fail(const char *format, ...)
{
    char what[512];
    va_list arguments;
    int length = snprintf(what, sizeof(what), "at %.6f s: ", (double)one.now_ns / 1e9);

    va_start(arguments, format);
    vsnprintf(what + length, sizeof(what) - (size_t)length, format, arguments);
    va_end(arguments);
    fflush(stdout);
    world_report(what);
    _exit(1);
}

static void world_signal(int number)
{
    world_report(number == SIGALRM   ? "no end: the product or the simulator loops"
                 : number == SIGABRT ? "it is aborted"
                                     : "it crashes");
    _exit(1);
}

void world_watch_signals(unsigned hang_s)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM};
    struct sigaction action;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], NULL, &action);
        if (action.sa_handler == SIG_DFL) /* a sanitizer has more to say, and aborts then */
            signal(numbers[i], world_signal);
    }
    alarm(hang_s);
}

uint64_t world_event_count(void)
{
    return one.happened;
}
