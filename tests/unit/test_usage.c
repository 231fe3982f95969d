/* What is read out of the texts of /proc and /sys, and what the readings add up to. */
#include "base/fact.h"
#include "base/units.h"
#include "host/usage.h"
#include "host/usage_text.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TICK_NS UINT64_C(10000000)

static void counters_are_found_by_name(void **state)
{
    struct usage usage = {0};

    (void)state;
    usage_text_tcp("Ip: ActiveOpens Forwarding\nIp: 77 2\n"
                   "Tcp: MaxConn PassiveOpens New ActiveOpens RetransSegs\nTcp: -1 12 9 11 13\n",
                   &usage);
    usage_text_tcp("TcpExt: ListenDrops TCPSynRetrans TCPSynRetransX ListenOverflows ActiveOpens\n"
                   "TcpExt: 23 21 99 22 99\n"
                   "MPTcpExt: TCPSynRetrans\nMPTcpExt: 99\n",
                   &usage);
    assert_int_equal(11, usage.active_opens);
    assert_int_equal(12, usage.passive_opens);
    assert_int_equal(13, usage.retransmits);
    assert_int_equal(21, usage.syn_retransmits);
    assert_int_equal(22, usage.listen_overflows);
    assert_int_equal(23, usage.listen_drops);
}

static void texts_of_another_shape_are_passed_over(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "Tcp:",
        "Tcp: ActiveOpens",
        "Tcp: ActiveOpens\n",
        "Tcp: ActiveOpens\nUdp: 5\n",
        "Tcp: ActiveOpens\nTcp:\n",
        "Tcp: RtoMin ActiveOpens\nTcp: 5\n",
        "Tcp:ActiveOpens\nTcp:5\n",
        "nr_throttled_ 4\n",
    };
    const struct usage nothing = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct usage usage = nothing;

        usage_text_tcp(texts[i], &usage);
        usage_text_throttling(texts[i], &usage);
        if (memcmp(&nothing, &usage, sizeof(usage)) != 0)
            fail_msg("'%s' changed something", texts[i]);
    }
}

static void throttling_is_not_known_where_a_level_has_no_number(void **state)
{
    struct usage usage = {.throttled_count = 1, .throttled_ns = 2};

    (void)state;
    usage_text_throttling("nr_throttled\nthrottled_time x\n", &usage);
    assert_int_equal(FACT_UNKNOWN, usage.throttled_count);
    assert_int_equal(FACT_UNKNOWN, usage.throttled_ns);
    usage_text_tcp("Tcp: ActiveOpens PassiveOpens\nTcp: five -5\n", &usage);
    assert_int_equal(FACT_UNKNOWN, usage.active_opens);
    assert_int_equal(FACT_UNKNOWN, usage.passive_opens);
    usage_text_throttling("nr_throttled 5\nthrottled_time 6\n", &usage);
    assert_int_equal(FACT_UNKNOWN, usage.throttled_count);
    assert_int_equal(FACT_UNKNOWN, usage.throttled_ns);
}

static void throttling_adds_up_over_the_levels(void **state)
{
    struct usage usage = {0};

    (void)state;
    usage_text_throttling("nr_periods 10\nnr_throttled 3\nthrottled_time 4000000\n", &usage);
    usage_text_throttling("usage_usec 9\nuser_usec 9\nnr_periods 9\nnr_throttled 5\n"
                          "throttled_usec 6000\nnr_bursts 9\nburst_usec 9\n",
                          &usage);
    assert_int_equal(8, usage.throttled_count);
    assert_int_equal(10 * NS_PER_MS, usage.throttled_ns);
}

static void more_totals_are_found_in_the_same_texts(void **state)
{
    struct usage_more more = {1, 2};

    (void)state;
    usage_text_tcp_more("Tcp: SyncookiesSent\nTcp: 9\nTcpExt: A SyncookiesSent\nTcpExt: 8 24\n",
                        &more);
    usage_text_periods("usage_usec 5\nnr_periods 10\nnr_throttled 3\n", &more);
    usage_text_periods("nr_periods_ 7\nnr_periods 9\n", &more);
    assert_int_equal(24, more.syncookies_sent);
    assert_int_equal(20, more.period_count);
    usage_text_periods("nr_periods x\n", &more);
    usage_text_periods("nr_periods 1\n", &more);
    assert_int_equal(FACT_UNKNOWN, more.period_count);
}

/* A usage whose totals are all different: first, first + step, ... */
static struct usage usage_of_series(uint64_t first, uint64_t step)
{
    uint64_t totals[sizeof(struct usage) / sizeof(uint64_t)];
    struct usage usage;

    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
        totals[i] = first + i * step;
    memcpy(&usage, totals, sizeof(usage));
    return usage;
}

static void every_total_is_subtracted(void **state)
{
    struct usage before = usage_of_series(5, 1), now = usage_of_series(25, 11);
    struct usage expected = usage_of_series(20, 10);
    struct usage difference = usage_subtract(&now, &before);

    (void)state;
    assert_memory_equal(&expected, &difference, sizeof(expected));
}

static void what_one_reading_does_not_know_the_difference_does_not(void **state)
{
    struct usage known = usage_of_series(5, 1), unknown = usage_unknown();
    struct usage difference = usage_subtract(&known, &unknown);

    (void)state;
    assert_int_equal(FACT_UNKNOWN, unknown.time_ns);
    assert_int_equal(FACT_UNKNOWN, unknown.listen_drops);
    assert_memory_equal(&unknown, &difference, sizeof(unknown));
    difference = usage_subtract(&unknown, &known);
    assert_memory_equal(&unknown, &difference, sizeof(unknown));
}

/* An idle machine is known to be idle; a file without any time does not say that. */
static void a_quiet_machine_is_not_an_unknown_one(void **state)
{
    struct usage before = {.busy_ns = 5, .idle_ns = 5, .steal_ns = 5}, now = before, difference;

    (void)state;
    now.idle_ns++;
    difference = usage_subtract(&now, &before);
    assert_int_equal(0, difference.busy_ns);
    assert_int_equal(0, difference.steal_ns);
    difference = usage_subtract(&before, &before);
    assert_int_equal(FACT_UNKNOWN, difference.busy_ns);
    assert_int_equal(FACT_UNKNOWN, difference.softirq_ns);
    assert_int_equal(FACT_UNKNOWN, difference.idle_ns);
    assert_int_equal(FACT_UNKNOWN, difference.steal_ns);
    assert_int_equal(0, difference.throttled_count);
}

static void a_total_that_ran_backwards_counts_as_nothing(void **state)
{
    struct usage before = {.steal_ns = 10, .busy_ns = 1}, now = {.steal_ns = 9, .busy_ns = 3};
    struct usage difference = usage_subtract(&now, &before);

    (void)state;
    assert_int_equal(0, difference.steal_ns);
    assert_int_equal(2, difference.busy_ns);
}

/* Connect to a listener of our own, on loopback. Returns false if that cannot be had. */
static bool connect_once(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    bool done = bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                listen(listener, 1) == 0 &&
                getsockname(listener, (struct sockaddr *)&address, &address_bytes) == 0 &&
                connect(client, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(client);
    close(listener);
    return done;
}

static uint64_t process_time_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static void a_reading_has_what_this_process_did(void **state)
{
    struct usage_source *source;
    struct usage before, now, difference;
    uint64_t until_ns;

    (void)state;
    assert_int_equal(0, usage_source_new(&source));
    usage_read(source, &before);
    assert_true(connect_once());
    until_ns = process_time_ns() + 50 * NS_PER_MS;
    while (process_time_ns() < until_ns) /* at least two ticks of /proc/stat */
        ;
    usage_read(source, &now);
    usage_source_free(source);
    difference = usage_subtract(&now, &before);
    assert_true(difference.active_opens >= 1); /* others may connect meanwhile */
    assert_true(difference.passive_opens >= 1);
    assert_true(difference.process_ns >= 50 * NS_PER_MS);
    assert_true(difference.time_ns > 0);
    assert_true(difference.busy_ns >= 2 * TICK_NS);
}

static void single_cpus_are_read_together(void **state)
{
    int ids[] = {sched_getcpu(), -1, CPUS_MAX - 1};
    struct cpu_time times[3];
    struct usage_source *source;

    (void)state;
    assert_int_equal(0, usage_source_new(&source));
    usage_read_cpus(source, ids, 3, times);
    usage_source_free(source);
    assert_true(fact_is_number(times[0].busy_ns));
    assert_int_equal(FACT_UNKNOWN, times[1].busy_ns);
    assert_int_equal(FACT_UNKNOWN, times[2].busy_ns); /* no machine has it */
}

/* Descriptors are for connections: few of them are taken, however deep the cgroups are. */
static void a_source_takes_three_descriptors(void **state)
{
    int before = dup(STDIN_FILENO), after;
    struct usage_source *source;
    struct usage usage;

    (void)state;
    close(before);
    assert_int_equal(0, usage_source_new(&source));
    usage_read(source, &usage);
    after = dup(STDIN_FILENO);
    close(after);
    usage_source_free(source);
    assert_in_range(after - before, 0, 3);
}

/* A sandbox may forbid to open files later, and a limit of descriptors stands for that here. */
static void files_that_are_kept_open_are_read_where_none_can_be_opened(void **state)
{
    struct rlimit limit, none;
    struct usage_source *source;
    struct usage before, usage;
    struct usage_more more_before, more;

    (void)state;
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
    assert_int_equal(0, usage_source_new(&source));
    usage_read(source, &before);
    usage_read_more(source, &more_before);
    usage_source_keep_open(source);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
    usage_read(source, &usage);
    usage_read_more(source, &more);
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
    usage_source_free(source);
    assert_int_equal(fact_is_number(before.throttled_count), fact_is_number(usage.throttled_count));
    assert_int_equal(fact_is_number(more_before.period_count), fact_is_number(more.period_count));
    assert_true(fact_is_number(more.syncookies_sent));
    assert_true(fact_is_number(usage.listen_drops));
}

static void no_source_is_fine_to_free(void **state)
{
    (void)state;
    usage_source_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_found_by_name),
        cmocka_unit_test(texts_of_another_shape_are_passed_over),
        cmocka_unit_test(throttling_is_not_known_where_a_level_has_no_number),
        cmocka_unit_test(throttling_adds_up_over_the_levels),
        cmocka_unit_test(more_totals_are_found_in_the_same_texts),
        cmocka_unit_test(every_total_is_subtracted),
        cmocka_unit_test(what_one_reading_does_not_know_the_difference_does_not),
        cmocka_unit_test(a_quiet_machine_is_not_an_unknown_one),
        cmocka_unit_test(a_total_that_ran_backwards_counts_as_nothing),
        cmocka_unit_test(a_reading_has_what_this_process_did),
        cmocka_unit_test(single_cpus_are_read_together),
        cmocka_unit_test(a_source_takes_three_descriptors),
        cmocka_unit_test(files_that_are_kept_open_are_read_where_none_can_be_opened),
        cmocka_unit_test(no_source_is_fine_to_free),
    };

    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
