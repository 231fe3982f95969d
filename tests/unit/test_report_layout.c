/* How the summary looks: widths, columns, colours. */
#include "rendering.h"
#include "report/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 64

/* Everything that a summary can show. */
static struct report_sample *sample_of_all(uint32_t target_count)
{
    struct report_sample *sample = report_sample_new(target_count);

    report_sample_open_loop(sample);
    report_sample_failures(sample);
    report_sample_troubles(sample);
    report_sample_verdicts(sample);
    report_sample_assertions(sample);
    report_sample_cut_short(sample);
    return sample;
}

static void no_line_is_longer_than_the_page(void **state)
{
    (void)state;
    for (uint32_t target_count = 1; target_count <= REPORT_SAMPLE_TARGETS_MAX; target_count++) {
        struct report_sample *sample = sample_of_all(target_count);

        for (unsigned columns = 60; columns <= 100; columns++) {
            struct rendering rendering = rendering_of(sample, columns);

            for (uint32_t i = 0; i < rendering.line_count; i++) {
                const char *line = rendering.lines[i];

                if (page_width(line) > columns)
                    fail_msg("%u columns, but: '%s'", columns, line);
                assert_true(*line == '\0' || line[strlen(line) - 1] != ' ');
            }
            rendering_free(&rendering);
        }
        report_sample_free(sample);
    }
}

static void a_page_is_60_to_100_columns_wide(void **state)
{
    static const unsigned columns[][2] = {{60, 0}, {60, 59}, {100, 101}, {100, 500}};
    struct report_sample *sample = sample_of_all(2);

    (void)state;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char *expected = rendering_text(&sample->document, false, columns[i][0]);
        char *text = rendering_text(&sample->document, false, columns[i][1]);

        assert_string_equal(expected, text);
        free(text);
        free(expected);
    }
    report_sample_free(sample);
}

/* Copy text without escape sequences of the form ESC [ ... m. */
static char *plain(const char *text)
{
    char *copy = calloc(1, strlen(text) + 1);
    char *to = copy;

    assert_non_null(copy);
    while (*text) {
        if (*text == '\033') {
            assert_int_equal('[', text[1]);
            text += strcspn(text, "m") + 1;
        } else {
            *to++ = *text++;
        }
    }
    return copy;
}

static void color_changes_nothing_but_the_color(void **state)
{
    struct report_sample *sample = sample_of_all(2);
    char *text = rendering_text(&sample->document, false, 90);
    char *colored = rendering_text(&sample->document, true, 90);
    char *stripped = plain(colored);

    (void)state;
    assert_null(strchr(text, '\033'));
    assert_string_equal(text, stripped);
    assert_non_null(strstr(colored, "\033[31m1,143\033[0m")); /* failed: red */
    assert_non_null(strstr(colored, "\033[32m39,000\033[0m"));
    assert_non_null(strstr(colored, "\033[32m✓\033[0m p99<5ms"));
    assert_non_null(strstr(colored, "\033[31m✗\033[0m rate>=50k/s"));
    free(stripped);
    free(colored);
    free(text);
    report_sample_free(sample);
}

static void marks_are_shown_in_every_locale(void **state)
{
    struct report_sample *sample = sample_of_all(1);
    struct rendering rendering;

    (void)state;
    assert_int_equal(0, setenv("LC_ALL", "C", 1));
    rendering = rendering_of(sample, 100);
    rendering_check_line(&rendering, "✓ p99<5ms      124us");
    rendering_check_line(&rendering, "✗ rate>=50k/s  7987/s");
    rendering_free(&rendering);
    assert_int_equal(0, unsetenv("LC_ALL"));
    report_sample_free(sample);
}

static void huge_counts_leave_the_page_as_wide_as_it_is(void **state)
{
    struct report_sample *sample = report_sample_new(2);

    (void)state;
    report_sample_open_loop(sample);
    for (uint32_t i = 0; i < 2; i++) {
        sample->tallies[i].started = UINT64_MAX;
        sample->tallies[i].ok = UINT64_MAX;
        sample->tallies[i].failed[PHASE_CLOSE][RESULT_EXTRA] = UINT64_MAX;
    }
    for (unsigned columns = 60; columns <= 100; columns++) {
        struct rendering rendering = rendering_of(sample, columns);

        for (uint32_t i = 0; i < rendering.line_count; i++)
            assert_in_range(page_width(rendering.lines[i]), 0, columns);
        rendering_free(&rendering);
    }
    report_sample_free(sample);
}

/* The columns at which the words of a line end. Returns how many words there are. */
static uint32_t word_ends(const char *line, unsigned ends[WORDS_MAX])
{
    uint32_t count = 0;
    unsigned column = 0;

    for (; *line; line++, column++) {
        assert_true(count < WORDS_MAX);
        if (*line != ' ' && (line[1] == ' ' || line[1] == '\0'))
            ends[count++] = column;
    }
    return count;
}

/* The rows under a heading, up to an empty line, end where the words of the heading do: all of
 * them, counted from the right. */
static void check_aligned(const struct rendering *rendering, const char *heading,
                          uint32_t expected_rows)
{
    unsigned head[WORDS_MAX];
    unsigned ends[WORDS_MAX];
    uint32_t head_count;
    uint32_t i = 0;
    uint32_t rows = 0;

    while (i < rendering->line_count && !strstr(rendering->lines[i], heading))
        i++;
    assert_true(i < rendering->line_count);
    head_count = word_ends(rendering->lines[i], head);
    for (i++; i < rendering->line_count && *rendering->lines[i]; i++, rows++) {
        uint32_t count = word_ends(rendering->lines[i], ends);

        assert_true(count >= head_count);
        for (uint32_t k = 0; k < head_count; k++) {
            if (ends[count - 1 - k] != head[head_count - 1 - k])
                fail_msg("'%s' does not line up with the heading", rendering->lines[i]);
        }
    }
    assert_int_equal(expected_rows, rows);
}

static void columns_line_up(void **state)
{
    (void)state;
    for (uint32_t target_count = 1; target_count <= REPORT_SAMPLE_TARGETS_MAX; target_count++) {
        struct report_sample *sample = report_sample_new(target_count);

        for (unsigned columns = 60; columns <= 100; columns++) {
            bool is_beside = target_count == 1 || (target_count == 2 && columns >= 80);
            struct rendering rendering = rendering_of(sample, columns);

            check_aligned(&rendering, " connections/s ", target_count > 1 ? target_count + 1 : 1);
            check_aligned(&rendering, " p50 ", is_beside ? 4 : 4 * (target_count + 1));
            rendering_free(&rendering);
        }
        report_sample_free(sample);
    }
}

static void two_families_stand_side_by_side(void **state)
{
    struct report_sample *sample = report_sample_new(2);

    (void)state;
    for (unsigned columns = 80; columns <= 100; columns++) {
        struct rendering rendering = rendering_of(sample, columns);
        const char *heading = rendering_line_with(&rendering, "  ipv4 127.0.0.1:1848  ");
        const char *row = rendering_line_with(&rendering, "connect ");

        assert_non_null(heading);
        assert_non_null(strstr(heading, "ipv6 [::1]:1848"));
        assert_non_null(strstr(row, "8.05ms")); /* the longest of one, and of the other */
        assert_non_null(strstr(row, "9.62ms"));
        rendering_free(&rendering);
    }
    report_sample_free(sample);
}

static void what_is_too_much_for_that_is_stacked(void **state)
{
    struct report_sample *sample = report_sample_new(5);
    struct rendering rendering = rendering_of(sample, 100);

    (void)state;
    rendering_check_line(
        &rendering, "connect   127.0.0.1:1848           45.4us  51.0us  69.9us   245us  8.05ms");
    rendering_check_line(
        &rendering, "          [::1]:1848               55.6us  62.5us  85.6us   300us  9.62ms");
    rendering_check_line(
        &rendering, "          [2001:db8:0:1::25]:8443  86.3us  97.0us   133us   465us  13.8ms");
    rendering_check_line(
        &rendering, "          all                      65.6us  87.9us   111us   359us  13.8ms");
    rendering_free(&rendering);
    report_sample_free(sample);
}

static void long_names_are_cut_in_the_middle(void **state)
{
    struct report_sample *sample = report_sample_new(5);
    struct rendering rendering = rendering_of(sample, 60);

    (void)state;
    rendering_check_line(&rendering,
                         "          [2001:d..]:8443 86.3us 97.0us  133us  465us 13.8ms");
    rendering_free(&rendering);
    report_sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_longer_than_the_page),
        cmocka_unit_test(huge_counts_leave_the_page_as_wide_as_it_is),
        cmocka_unit_test(a_page_is_60_to_100_columns_wide),
        cmocka_unit_test(color_changes_nothing_but_the_color),
        cmocka_unit_test(marks_are_shown_in_every_locale),
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(two_families_stand_side_by_side),
        cmocka_unit_test(what_is_too_much_for_that_is_stacked),
        cmocka_unit_test(long_names_are_cut_in_the_middle),
    };
    return cmocka_run_group_tests_name("report_layout", tests, NULL, NULL);
}
