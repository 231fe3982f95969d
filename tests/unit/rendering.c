#include "rendering.h"

#include "printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rendering rendering_split(char *text)
{
    struct rendering rendering = {.text = text};

    for (char *line = text; *line != '\0'; rendering.line_count++) {
        char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_true(rendering.line_count < RENDERING_LINES_MAX);
        *end = '\0';
        rendering.lines[rendering.line_count] = line;
        line = end + 1;
    }
    return rendering;
}

char *rendering_text(const struct document *document, bool color, unsigned columns)
{
    struct printed printed;

    report_text(document, printed_begin(&printed),
                &(struct terminal){.can_color = color, .can_utf8 = true, .columns = columns});
    return printed_end(&printed);
}

char *rendering_json(const struct document *document)
{
    struct printed printed;

    assert_int_equal(0, document_write(document, printed_begin(&printed)));
    return printed_end(&printed);
}

struct rendering rendering_of(const struct report_sample *sample, unsigned columns)
{
    return rendering_split(rendering_text(&sample->document, false, columns));
}

void rendering_free(struct rendering *rendering)
{
    free(rendering->text);
}

const char *rendering_line_with(const struct rendering *rendering, const char *part)
{
    for (uint32_t i = 0; i < rendering->line_count; i++) {
        if (strstr(rendering->lines[i], part))
            return rendering->lines[i];
    }
    return NULL;
}

void rendering_check_line(const struct rendering *rendering, const char *expected)
{
    for (uint32_t i = 0; i < rendering->line_count; i++) {
        if (strcmp(rendering->lines[i], expected) == 0)
            return;
    }
    for (uint32_t i = 0; i < rendering->line_count; i++)
        print_message("%s\n", rendering->lines[i]);
    fail_msg("no line is '%s'", expected);
}

/* All lines as one, with single blanks: what a sentence is before it is wrapped. */
static char *unwrapped(const struct rendering *rendering)
{
    struct printed printed;
    FILE *out = printed_begin(&printed);

    for (uint32_t i = 0; i < rendering->line_count; i++) {
        const char *at = rendering->lines[i];

        for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");

            fprintf(out, "%.*s ", (int)length, at);
            at += length;
        }
    }
    return printed_end(&printed);
}

void rendering_check_sentence(const struct rendering *rendering, const char *expected)
{
    char *text = unwrapped(rendering);

    if (!strstr(text, expected))
        fail_msg("'%s' is not in '%s'", expected, text);
    free(text);
}

void rendering_check_no_sentence(const struct rendering *rendering, const char *unexpected)
{
    char *text = unwrapped(rendering);

    if (strstr(text, unexpected))
        fail_msg("'%s' is in '%s'", unexpected, text);
    free(text);
}
