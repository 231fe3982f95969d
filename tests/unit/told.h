/* What report_text says of a sample, line by line, and checks of it. */
#ifndef HELLO_TOLD_H
#define HELLO_TOLD_H

#include "report_sample.h"

#define TOLD_LINES_MAX 256

/* A text and its lines, to be given to told_free. */
struct told {
    char *text;
    uint32_t line_count;
    const char *lines[TOLD_LINES_MAX];
};

/* The text as it is, to be freed. */
char *told_text(const struct document *document, bool color, unsigned columns);

/* The text without colour, in lines. */
struct told told_by(const struct report_sample *sample, unsigned columns);
void told_free(struct told *told);

/* The first line that has this in it, or NULL. */
const char *told_line_with(const struct told *told, const char *part);

/* One line must be exactly this. */
void told_check_line(const struct told *told, const char *expected);

/* This must, or must not, be said, wherever lines are broken: all blanks count as one. */
void told_check_sentence(const struct told *told, const char *expected);
void told_check_no_sentence(const struct told *told, const char *unexpected);

#endif
