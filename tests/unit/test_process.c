/* What the kernel tells of this process. */
#include "base/fact.h"
#include "host/process.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define AFTER_NAME                                                                                \
    " S 1 2 3 0 -1 4194560 100 0 0 0 11 12 0 0 20 0 7 0 4242 8192000 300 18446744073709551615 1 " \
    "1 0\n"

static struct process_facts parsed(const char *text)
{
    struct process_facts facts;

    memset(&facts, 0xff, sizeof(facts));
    process_stat_parse(text, 4096, &facts);
    return facts;
}

static void threads_and_memory_are_found_behind_any_name(void **state)
{
    static const char *const names[] = {"7 (hello-server)" AFTER_NAME, "7 (a) b (c)" AFTER_NAME,
                                        "7 (x) S 9 9 9 9)" AFTER_NAME};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct process_facts facts = parsed(names[i]);

        assert_int_equal(7, facts.threads);
        assert_int_equal(8192000, facts.virtual_bytes);
        assert_int_equal(300 * 4096, facts.resident_bytes);
    }
}

static void a_text_that_is_cut_says_nothing(void **state)
{
    static const char *const texts[] = {"", "7 (hello-server", "7 (hello-server)",
                                        "7 (hello-server) S 1 2 3 0 -1 4194560 100 0 0 0 11"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(FACT_UNKNOWN, parsed(texts[i]).threads);
        assert_int_equal(FACT_UNKNOWN, parsed(texts[i]).resident_bytes);
    }
}

static void a_reading_shows_this_process_as_it_is_now(void **state)
{
    struct process_source source;
    struct process_facts before, now;
    int fds[2];

    (void)state;
    process_source_open(&source);
    process_read(&source, &before);
    assert_int_equal(0, pipe(fds));
    process_read(&source, &now);
    assert_int_equal(before.descriptors + 2, now.descriptors);
    assert_int_equal(1, now.threads);
    assert_true(now.resident_bytes > 0 && now.resident_bytes < now.virtual_bytes);
    assert_true(now.cpu_ns >= before.cpu_ns && now.cpu_ns > 0);
    close(fds[0]);
    process_read(&source, &now);
    assert_int_equal(before.descriptors + 1, now.descriptors);
    close(fds[1]);
    process_source_close(&source);
}

/* As before Linux 6.2, in a folder of which the kernel does not tell how much is in it. */
static void descriptors_are_counted_where_the_kernel_does_not_tell_their_number(void **state)
{
    struct process_source source = {.stat_fd = -1, .descriptors = opendir("/proc/self/task")};
    struct process_facts facts;

    (void)state;
    process_read(&source, &facts);
    assert_int_equal(1, facts.descriptors); /* of threads there is one */
    process_read(&source, &facts);
    assert_int_equal(1, facts.descriptors);
    process_source_close(&source);
}

static void without_its_files_it_is_unknown(void **state)
{
    struct process_source source = {.stat_fd = -1};
    struct process_facts facts;

    (void)state;
    process_read(&source, &facts);
    assert_int_equal(FACT_UNKNOWN, facts.threads);
    assert_int_equal(FACT_UNKNOWN, facts.descriptors);
    assert_true(fact_is_number(facts.cpu_ns));
    process_source_close(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_memory_are_found_behind_any_name),
        cmocka_unit_test(a_text_that_is_cut_says_nothing),
        cmocka_unit_test(a_reading_shows_this_process_as_it_is_now),
        cmocka_unit_test(descriptors_are_counted_where_the_kernel_does_not_tell_their_number),
        cmocka_unit_test(without_its_files_it_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
