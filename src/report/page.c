#include "report/page.h"

#include "base/escape.h"

#include <stdarg.h>
#include <string.h>

#define PAGE_TEXT_BYTES 1024 /* for one page_putf or page_wrapf: longer texts are cut */
#define SHOWN_BYTES     (4 * PAGE_TEXT_BYTES)
#define CUT_COLUMNS_MIN 5 /* minimum for two ends and dots */

const char *const page_ansi_styles[PAGE_STYLE_COUNT] = {
    [PAGE_PLAIN] = "\033[0m", [PAGE_DIM] = "\033[2m",    [PAGE_BOLD] = "\033[1m",
    [PAGE_RED] = "\033[31m",  [PAGE_GREEN] = "\033[32m", [PAGE_WARNING] = "\033[1;35m",
};

/* UTF-8 continuation bytes. */
static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static unsigned width_of(const char *text, size_t bytes)
{
    unsigned columns = 0;

    for (size_t i = 0; i < bytes; i++)
        columns += !is_continuation(text[i]);
    return columns;
}

unsigned page_width(const char *text)
{
    return width_of(text, strlen(text));
}

/* The length in bytes of the first `columns` characters, or of all if there are fewer. */
static size_t bytes_of(const char *text, unsigned columns)
{
    size_t bytes = 0;

    for (;; bytes++) {
        if (text[bytes] == '\0')
            return bytes;
        if (!is_continuation(text[bytes]) && columns-- == 0)
            return bytes;
    }
}

/* Write this part of a text, which fits. */
static void put_bytes(struct page *page, enum page_style style, const char *text, size_t bytes,
                      unsigned columns)
{
    bool styled = page->styles && style != PAGE_PLAIN;

    if (bytes == 0)
        return;
    fprintf(page->out, "%*s%s%.*s%s", (int)(page->column - page->written), "",
            styled ? page->styles[style] : "", (int)bytes, text,
            styled ? page->styles[PAGE_PLAIN] : "");
    page->column += columns;
    page->written = page->column;
}

/* The text without terminal control characters: names come from outside. */
static const char *shown_of(const char *text, char shown[SHOWN_BYTES])
{
    return escape_line(text, shown, SHOWN_BYTES);
}

void page_put(struct page *page, enum page_style style, const char *text)
{
    char shown[SHOWN_BYTES];
    unsigned room = page->column < page->columns ? page->columns - page->column : 0;
    unsigned columns = page_width(shown_of(text, shown));

    if (columns > room)
        columns = room;
    put_bytes(page, style, shown, bytes_of(shown, columns), columns);
}

void page_putf(struct page *page, enum page_style style, const char *format, ...)
{
    char text[PAGE_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    page_put(page, style, text);
}

bool page_put_whole(struct page *page, enum page_style style, const char *text)
{
    if (page->column + page_width(text) > page->columns)
        return false;
    page_put(page, style, text);
    return true;
}

void page_label(struct page *page, const char *text)
{
    page_put(page, PAGE_DIM, text);
    page_to(page, PAGE_LABEL_COLUMNS);
}

void page_to(struct page *page, unsigned column)
{
    if (column > page->column)
        page->column = column;
}

void page_right(struct page *page, enum page_style style, unsigned columns, const char *text)
{
    unsigned width = page_width(text);

    if (width < columns)
        page_to(page, page->column + columns - width);
    page_put(page, style, text);
}

void page_cut(struct page *page, enum page_style style, unsigned columns, const char *text)
{
    unsigned width = page_width(text);
    unsigned head;
    const char *tail;

    if (width <= columns || columns < CUT_COLUMNS_MIN) {
        page_putf(page, style, "%.*s", (int)bytes_of(text, columns), text);
        return;
    }
    head = (columns - 1) / 2; /* the odd one goes to the head: families differ there */
    tail = text + bytes_of(text, width - (columns - 2 - head));
    page_putf(page, style, "%.*s..%s", (int)bytes_of(text, head), text, tail);
}

void page_wrap(struct page *page, enum page_style style, unsigned indent, const char *text)
{
    char shown[SHOWN_BYTES];

    text = shown_of(text, shown);
    while (*text) {
        size_t blanks = strspn(text, " ");
        size_t bytes = strcspn(text + blanks, " ");
        unsigned columns = width_of(text + blanks, bytes);
        unsigned end = page->column + (unsigned)blanks + columns;
        bool is_glued = blanks == 0 && page->written == page->column;

        /* The last column is reserved for a comma that may follow. */
        if (page->column > indent && end + 1 > page->columns && !is_glued) {
            page_end(page);
            page_to(page, indent);
        } else {
            page_to(page, page->column + (unsigned)blanks);
        }
        text += blanks;
        if (page->column + columns > page->columns) { /* a word longer than a line */
            columns = page->column < page->columns ? page->columns - page->column : 0;
            put_bytes(page, style, text, bytes_of(text, columns), columns);
        } else {
            put_bytes(page, style, text, bytes, columns);
        }
        text += bytes;
    }
}

void page_wrapf(struct page *page, enum page_style style, unsigned indent, const char *format, ...)
{
    char text[PAGE_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    page_wrap(page, style, indent, text);
}

void page_end(struct page *page)
{
    fputc('\n', page->out);
    page->column = 0;
    page->written = 0;
}
