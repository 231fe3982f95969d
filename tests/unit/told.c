#include "told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct told told_split(char *text)
{
    struct told told = {.text = text};

    for (char *line = text; *line != '\0'; told.line_count++) {
        char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_true(told.line_count < TOLD_LINES_MAX);
        *end = '\0';
        told.lines[told.line_count] = line;
        line = end + 1;
    }
    return told;
}

char *told_text(const struct document *document, bool color, unsigned columns)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    report_text(document, out,
                &(struct terminal){.can_color = color, .can_utf8 = true, .columns = columns});
    fclose(out);
    return text;
}

struct told told_by(const struct report_sample *sample, unsigned columns)
{
    return told_split(told_text(&sample->document, false, columns));
}

void told_free(struct told *told)
{
    free(told->text);
}

const char *told_line_with(const struct told *told, const char *part)
{
    for (uint32_t i = 0; i < told->line_count; i++) {
        if (strstr(told->lines[i], part))
            return told->lines[i];
    }
    return NULL;
}

void told_check_line(const struct told *told, const char *expected)
{
    for (uint32_t i = 0; i < told->line_count; i++) {
        if (strcmp(told->lines[i], expected) == 0)
            return;
    }
    for (uint32_t i = 0; i < told->line_count; i++)
        print_message("%s\n", told->lines[i]);
    fail_msg("no line is '%s'", expected);
}

/* All lines as one, with single blanks: what a sentence is before it is wrapped. */
static char *unwrapped(const struct told *told)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    for (uint32_t i = 0; i < told->line_count; i++) {
        const char *at = told->lines[i];

        for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");

            fprintf(out, "%.*s ", (int)length, at);
            at += length;
        }
    }
    fclose(out);
    return text;
}

void told_check_sentence(const struct told *told, const char *expected)
{
    char *text = unwrapped(told);

    if (!strstr(text, expected))
        fail_msg("'%s' is not in '%s'", expected, text);
    free(text);
}

void told_check_no_sentence(const struct told *told, const char *unexpected)
{
    char *text = unwrapped(told);

    if (strstr(text, unexpected))
        fail_msg("'%s' is in '%s'", unexpected, text);
    free(text);
}
