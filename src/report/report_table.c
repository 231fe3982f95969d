#include "report/report_table.h"

#include "report/figure.h"

#include <stdbool.h>
#include <stddef.h>

#define GAP_COLUMNS 2 /* between two columns of a table */
#define SIDES       2 /* targets that can be side by side */

/* With more targets than this, only totals are shown for each: programs get the rest. */
#define TARGETS_IN_FULL 8

/* The rows of a table: the targets, then all together if there are several. */
static uint32_t row_count(const struct document *document)
{
    return document->target_count > 1 ? document->target_count + 1 : 1;
}

static const struct document_target *row_at(const struct document *document, uint32_t i)
{
    return i < document->target_count ? &document->targets[i] : &document->all;
}

/* The name of a target, with its family if families are compared. */
static void target_name(const struct document *document, const struct document_target *target,
                        char *text, size_t text_bytes)
{
    bool is_compared = document->options.family == LOAD_FAMILY_BOTH;

    if (target->family && is_compared)
        snprintf(text, text_bytes, "%s %s", target->family, target->name);
    else
        snprintf(text, text_bytes, "%s", target->name);
}
#define TARGET_NAME_BYTES (ADDRESS_TEXT_BYTES + 8)

/* The columns that names need; at most `most`. */
static unsigned names_width(const struct document *document, unsigned most)
{
    unsigned widest = 0;

    for (uint32_t i = 0; i < row_count(document); i++) {
        char name[TARGET_NAME_BYTES];
        unsigned columns;

        target_name(document, row_at(document, i), name, sizeof(name));
        columns = page_width(name);
        widest = columns > widest ? columns : widest;
    }
    return widest < most ? widest : most;
}

/* The counts, one column each. */
enum count { COUNT_RATE, COUNT_STARTED, COUNT_OK, COUNT_FAILED, COUNT_LATE, COUNT_DROPPED, COUNTS };

static const char *const count_names[COUNTS] = {
    [COUNT_RATE] = "connections/s", [COUNT_STARTED] = "started", [COUNT_OK] = "ok",
    [COUNT_FAILED] = "failed",      [COUNT_LATE] = "late",       [COUNT_DROPPED] = "dropped",
};

static char *count_text(const struct document_target *target, enum count count,
                        char text[FIGURE_TEXT_BYTES])
{
    switch (count) {
    case COUNT_STARTED:
        return figure_count(target->tally->started, text);
    case COUNT_OK:
        return figure_count(target->tally->ok, text);
    case COUNT_FAILED:
        return figure_count(tally_failed(target->tally), text);
    case COUNT_LATE:
        return figure_count(target->tally->late, text);
    case COUNT_DROPPED:
        return figure_count(target->tally->dropped, text);
    case COUNT_RATE:
    case COUNTS:
    default:
        return figure_rate(target->connections_per_s, text);
    }
}

static enum page_style count_style(const struct document_target *target, enum count count)
{
    if (count == COUNT_RATE)
        return PAGE_BOLD;
    if (count == COUNT_OK && target->tally->ok > 0 && tally_failed(target->tally) == 0)
        return PAGE_GREEN;
    if (count == COUNT_FAILED && tally_failed(target->tally) > 0)
        return PAGE_RED;
    if ((count == COUNT_LATE && target->tally->late > 0) ||
        (count == COUNT_DROPPED && target->tally->dropped > 0))
        return PAGE_WARNING;
    return PAGE_PLAIN;
}

/* The width of each column; returns their sum. */
static unsigned counts_measure(const struct document *document, int counts, unsigned widths[COUNTS])
{
    unsigned sum = 0;

    for (int count = 0; count < counts; count++) {
        widths[count] = page_width(count_names[count]);
        for (uint32_t i = 0; i < row_count(document); i++) {
            char text[FIGURE_TEXT_BYTES];
            unsigned columns = page_width(count_text(row_at(document, i), (enum count)count, text));

            widths[count] = columns > widths[count] ? columns : widths[count];
        }
        widths[count] += GAP_COLUMNS;
        sum += widths[count];
    }
    return sum;
}

static void counts_row(struct page *page, const struct document_target *target, int counts,
                       const unsigned widths[COUNTS])
{
    for (int count = 0; count < counts; count++) {
        char text[FIGURE_TEXT_BYTES];

        page_right(page, count_style(target, (enum count)count), widths[count],
                   count_text(target, (enum count)count, text));
    }
    page_end(page);
}

void report_table_counts(struct page *page, const struct document *document)
{
    int counts = document_is_open_loop(document) ? COUNTS : COUNT_LATE;
    unsigned widths[COUNTS];
    unsigned sum = counts_measure(document, counts, widths);
    unsigned names = names_width(document, page->columns > sum ? page->columns - sum : 0);

    if (document->target_count == 1)
        names = 0; /* it is in the title */
    page_end(page);
    page_to(page, names);
    for (int count = 0; count < counts; count++)
        page_right(page, PAGE_DIM, widths[count], count_names[count]);
    page_end(page);
    for (uint32_t i = 0; i < row_count(document); i++) {
        const struct document_target *target = row_at(document, i);
        char name[TARGET_NAME_BYTES];

        target_name(document, target, name, sizeof(name));
        if (names > 0)
            page_cut(page, PAGE_PLAIN, names, name);
        page_to(page, names);
        counts_row(page, target, counts, widths);
    }
}

/* The percentiles of a row; the last one is the maximum. */
static const struct {
    const char *name;
    double percentile;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};

#define PERCENTILES ((unsigned)(sizeof(percentiles) / sizeof(percentiles[0])))

/* Figures have at most six columns. */
#define FIGURE_COLUMNS 6
#define CELL_NARROW    (FIGURE_COLUMNS + 1)
#define CELL_WIDE      (FIGURE_COLUMNS + 2)
#define TIMING_COLUMNS 8 /* "greeting", "lateness" */

static void percentiles_head(struct page *page, unsigned cell)
{
    for (size_t i = 0; i < PERCENTILES; i++)
        page_right(page, PAGE_DIM, cell, percentiles[i].name);
}

static void percentiles_row(struct page *page, unsigned cell, const struct histogram *histogram)
{
    for (size_t i = 0; i < PERCENTILES; i++) {
        uint64_t ns = histogram_percentile(histogram, percentiles[i].percentile);
        char text[FIGURE_TEXT_BYTES];

        page_right(page, PAGE_PLAIN, cell, histogram->count > 0 ? figure_duration(ns, text) : "-");
    }
}

/* Up to two targets, side by side. */
static void timings_beside(struct page *page, const struct document *document, int timings,
                           unsigned cell, unsigned gap)
{
    unsigned side = cell * PERCENTILES + gap;

    for (uint32_t i = 0; document->target_count > 1 && i < document->target_count; i++) {
        char name[TARGET_NAME_BYTES];

        target_name(document, &document->targets[i], name, sizeof(name));
        page_to(page, TIMING_COLUMNS + i * side + cell - FIGURE_COLUMNS);
        page_cut(page, PAGE_PLAIN, side - gap - (cell - FIGURE_COLUMNS), name);
    }
    if (document->target_count > 1)
        page_end(page);
    for (uint32_t i = 0; i < document->target_count; i++) {
        page_to(page, TIMING_COLUMNS + i * side);
        percentiles_head(page, cell);
    }
    page_end(page);
    for (int timing = 0; timing < timings; timing++) {
        page_put(page, PAGE_DIM, timing_name((enum timing)timing));
        for (uint32_t i = 0; i < document->target_count; i++) {
            page_to(page, TIMING_COLUMNS + i * side);
            percentiles_row(page, cell, &document->targets[i].tally->timings[timing]);
        }
        page_end(page);
    }
}

/* One table per timing, the targets below each other. */
static void timings_stacked(struct page *page, const struct document *document, int timings)
{
    unsigned margin = TIMING_COLUMNS + GAP_COLUMNS;
    unsigned names = names_width(document, page->columns - margin - CELL_NARROW * PERCENTILES);
    unsigned cell = CELL_NARROW;

    if (margin + names + CELL_WIDE * PERCENTILES <= page->columns)
        cell = CELL_WIDE;
    page_to(page, margin + names);
    percentiles_head(page, cell);
    page_end(page);
    for (int timing = 0; timing < timings; timing++) {
        bool in_full = document->target_count <= TARGETS_IN_FULL || timing == TIMING_TOTAL;

        page_put(page, PAGE_DIM, timing_name((enum timing)timing));
        for (uint32_t i = in_full ? 0 : document->target_count; i < row_count(document); i++) {
            char name[TARGET_NAME_BYTES];

            target_name(document, row_at(document, i), name, sizeof(name));
            page_to(page, margin);
            page_cut(page, PAGE_PLAIN, names, name);
            page_to(page, margin + names);
            percentiles_row(page, cell, &row_at(document, i)->tally->timings[timing]);
            page_end(page);
        }
    }
}

/* Of values beyond the hour only their number is known. */
static void timings_beyond(struct page *page, const struct document *document, int timings)
{
    for (int timing = 0; timing < timings; timing++) {
        const struct histogram *histogram = &document->all.tally->timings[timing];
        char count[FIGURE_TEXT_BYTES];

        if (histogram->above == 0)
            continue;
        page_wrapf(page, PAGE_RED, 2, "%s: %s took more than 1h, where percentiles are not exact",
                   timing_name((enum timing)timing), figure_count(histogram->above, count));
        page_end(page);
    }
}

void report_table_timings(struct page *page, const struct document *document)
{
    int timings = document_is_open_loop(document) ? TIMING_COUNT : TIMING_LATENESS;
    unsigned narrow = SIDES * CELL_NARROW * PERCENTILES + TIMING_COLUMNS + GAP_COLUMNS;
    unsigned wide = SIDES * CELL_WIDE * PERCENTILES + TIMING_COLUMNS + 2 * GAP_COLUMNS;

    page_end(page);
    if (document->target_count == 1 || (document->target_count == SIDES && page->columns >= wide))
        timings_beside(page, document, timings, CELL_WIDE, 2 * GAP_COLUMNS);
    else if (document->target_count == SIDES && page->columns >= narrow)
        timings_beside(page, document, timings, CELL_NARROW, GAP_COLUMNS);
    else
        timings_stacked(page, document, timings);
    timings_beyond(page, document, timings);
}
