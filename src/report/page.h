/* Text of a known width, for terminals and files: styles, columns, wrapped sentences. A page never
 * writes beyond its width, and never a blank at the end of a line.
 *
 * Every character counts as one column; texts are UTF-8 without control characters. */
#ifndef HELLO_PAGE_H
#define HELLO_PAGE_H

#include <stdbool.h>
#include <stdio.h>

enum page_style {
    PAGE_PLAIN, /* also ends the others */
    PAGE_DIM,
    PAGE_BOLD,
    PAGE_RED,
    PAGE_GREEN,
    PAGE_WARNING,
    PAGE_STYLE_COUNT,
};

struct page {
    FILE *out;
    unsigned columns;          /* no line is longer */
    const char *const *styles; /* PAGE_STYLE_COUNT escape sequences; NULL: no styles */
    bool can_utf8;             /* else only ASCII can be shown */
    unsigned column;           /* where the next text goes */
    unsigned written;          /* end of the written part: blanks wait for text */
};

/* Sequences that all current terminals understand (ECMA-48, SGR), readable on black and white: no
 * yellow. */
extern const char *const page_ansi_styles[PAGE_STYLE_COUNT];

/* Write text at the current column; what does not fit on the line is left out. */
void page_put(struct page *page, enum page_style style, const char *text);
void page_putf(struct page *page, enum page_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Write a text that must not be cut, such as a number: all of it or nothing. Returns false if it
 * did not fit. */
bool page_put_whole(struct page *page, enum page_style style, const char *text);

/* Begin a section with its label; its text continues in column PAGE_LABEL_COLUMNS. */
#define PAGE_LABEL_COLUMNS 10
void page_label(struct page *page, const char *text);

/* Move to this column, unless the current one is further. */
void page_to(struct page *page, unsigned column);

/* Write text right-aligned in the next `columns` columns. */
void page_right(struct page *page, enum page_style style, unsigned columns, const char *text);

/* Write text, cut in its middle ("[2001:d..]:8443") if it is longer than `columns`. */
void page_cut(struct page *page, enum page_style style, unsigned columns, const char *text);

/* Write words; those that do not fit continue on the next line, at column `indent`. A text that
 * begins without a blank is joined to the word before it: ", like this". */
void page_wrap(struct page *page, enum page_style style, unsigned indent, const char *text);
void page_wrapf(struct page *page, enum page_style style, unsigned indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* End the line. */
void page_end(struct page *page);

/* The width of a text in columns. */
unsigned page_width(const char *text);

#endif
