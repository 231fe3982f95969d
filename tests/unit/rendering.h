/* What is printed of a sample, line by line, and checks of it. */
#ifndef HELLO_RENDERING_H
#define HELLO_RENDERING_H

#include "report_sample.h"

#define RENDERING_LINES_MAX 256

/* A text and its lines, to be given to rendering_free. */
struct rendering {
    char *text;
    uint32_t line_count;
    const char *lines[RENDERING_LINES_MAX];
};

/* What report_text says, as it is, to be freed. */
char *rendering_text(const struct document *document, bool color, unsigned columns);

/* What document_write says, to be freed. */
char *rendering_json(const struct document *document);

/* The text without colour, in lines. */
struct rendering rendering_of(const struct report_sample *sample, unsigned columns);
void rendering_free(struct rendering *rendering);

/* The first line that has this in it, or NULL. */
const char *rendering_line_with(const struct rendering *rendering, const char *part);

/* One line must be exactly this. */
void rendering_check_line(const struct rendering *rendering, const char *expected);

/* This must, or must not, be said, wherever lines are broken: all blanks count as one. */
void rendering_check_sentence(const struct rendering *rendering, const char *expected);
void rendering_check_no_sentence(const struct rendering *rendering, const char *unexpected);

#endif
