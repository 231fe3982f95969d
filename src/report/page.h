/* Text of a known width, for terminals and files: styles, columns, wrapped sentences. A page never
 * writes beyond its width, and never a blank at the end of a line.
 *
 * Every character is taken to be one column wide; texts are UTF-8 without control characters. */
#ifndef HELLO_PAGE_H
#define HELLO_PAGE_H

#include <stdbool.h>
#include <stdio.h>

enum page_style {
    PAGE_PLAIN, /* also what ends the others */
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
    bool can_utf8;             /* else ASCII is all that can be shown */
    unsigned column;           /* where the next text goes */
    unsigned written;          /* up to where the line is written: blanks wait for text */
};

/* What all terminals of today understand (ECMA-48, SGR), readable on black and on white: no
 * yellow. */
extern const char *const page_ansi_styles[PAGE_STYLE_COUNT];

/* Write text where the page is at; what does not fit on the line is left out. */
void page_put(struct page *page, enum page_style style, const char *text);
void page_putf(struct page *page, enum page_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Write a text that is worth nothing if it is cut, such as a number: all of it or none. Returns
 * false if there was no room for it. */
bool page_put_whole(struct page *page, enum page_style style, const char *text);

/* Begin a section with its label; its text goes on in column PAGE_LABEL_COLUMNS. */
#define PAGE_LABEL_COLUMNS 10
void page_label(struct page *page, const char *text);

/* Go on in this column, or where the page is at if that is further. */
void page_to(struct page *page, unsigned column);

/* Write text so that it ends `columns` further on. */
void page_right(struct page *page, enum page_style style, unsigned columns, const char *text);

/* Write text, cut in its middle ("[2001:d..]:8443") if it is longer than `columns`. */
void page_cut(struct page *page, enum page_style style, unsigned columns, const char *text);

/* Write words; those that do not fit go on in the next line, at column `indent`. A text that begins
 * without a blank belongs to the word that the page is at: ", like this". */
void page_wrap(struct page *page, enum page_style style, unsigned indent, const char *text);
void page_wrapf(struct page *page, enum page_style style, unsigned indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* End the line. */
void page_end(struct page *page);

/* The columns that a text takes. */
unsigned page_width(const char *text);

#endif
