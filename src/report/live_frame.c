#include "report/live_frame.h"

#include "base/units.h"
#include "report/figure.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TARGETS_SHOWN 4 /* with more, targets are not shown one by one */

/* Drawn with eighth blocks if the terminal has them. */
struct drawing {
    const char *bar, *rest;
    const char *sparks[8];
};
static const struct drawing drawings[] = {
    {"#", "-", {"_", ".", "-", "~", "=", "+", "*", "#"}},
    {"█", "░", {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}},
};

/* A frame under construction. */
struct frame {
    struct page *page;
    const struct live_history *history;
    const struct live_state *state;
    const struct drawing *drawing;
};

static double per_s(uint64_t count, uint64_t ns)
{
    return ns > 0 ? (double)count * (double)NS_PER_S / (double)ns : 0;
}

bool live_interval_is_short(const struct live_state *state)
{
    return state->interval->length_ns < NS_PER_S / 2;
}

/* Add a rate to the history, if known: in the warm-up only ended connections are counted, if at
 * all. */
static void rate_add(struct live_history *history, const struct live_state *state)
{
    const struct document_interval *interval = state->interval;
    uint64_t count = interval->all.ok;

    if (interval->warmup)
        count = state->done > history->done ? state->done - history->done : 0;
    if (live_interval_is_short(state) || (interval->warmup && count == 0))
        return;
    history->rates[history->count++ % LIVE_HISTORY_MAX] = per_s(count, interval->length_ns);
}

void live_history_add(struct live_history *history, const struct live_state *state)
{
    const struct document_interval *interval = state->interval;

    rate_add(history, state);
    history->done = state->done;
    if (interval->warmup)
        return;
    history->ok += interval->all.ok;
    history->failed += interval->all.failed;
    history->late += interval->all.late;
    history->dropped += interval->all.dropped;
    for (int kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++)
        history->failed_as[kind] += interval->all.failed_as[kind];
    for (uint32_t i = 0; i < state->document->target_count; i++)
        history->target_failed[i] += interval->targets[i].failed;
    history->measured_ns += interval->length_ns;
}

static double rate_at(const struct live_history *history, uint64_t i)
{
    return history->rates[i % LIVE_HISTORY_MAX];
}

static double rate_now(const struct live_history *history)
{
    return history->count > 0 ? rate_at(history, history->count - 1) : 0;
}

/* "p99 231us", in fixed columns, so that only digits change from second to second. What does not
 * fit is left out: a cut number would be a wrong number. */
#define FACT_COLUMNS 18
static void fact(struct frame *frame, enum page_style style, const char *name, const char *value)
{
    struct page *page = frame->page;
    unsigned end = page->column + FACT_COLUMNS;

    if (page->column + page_width(name) + 1 + page_width(value) > page->columns)
        return;
    page_put(page, PAGE_DIM, name);
    page_put(page, PAGE_PLAIN, " ");
    page_put(page, style, value);
    page_to(page, end);
}

/* Write words that must not be cut, if they fit. */
static void __attribute__((format(printf, 3, 4)))
words(struct frame *frame, enum page_style style, const char *format, ...)
{
    char text[128];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    page_put_whole(frame->page, style, text);
}

static void line_title(struct frame *frame)
{
    const struct document *document = frame->state->document;
    const struct option_rate *asked = &document->options.rate;
    char text[UNITS_TEXT_BYTES];

    page_put(frame->page, PAGE_BOLD, "hello-load");
    for (uint32_t i = 0; i < document->target_count; i++) {
        char name[ADDRESS_TEXT_BYTES + 8];

        snprintf(name, sizeof(name), "%s %s", i > 0 ? "," : "", document->targets[i].name);
        if (!page_put_whole(frame->page, PAGE_BOLD, name)) {
            page_put_whole(frame->page, PAGE_BOLD, " ...");
            break;
        }
    }
    if (asked->starts > 0)
        words(frame, PAGE_DIM, "  open loop at %s",
              rate_format(asked->starts, asked->period_ns, text));
    else
        words(frame, PAGE_DIM, "  closed loop of %s", figure_count(document->connections, text));
    page_end(frame->page);
}

/* The part of the run that is over, 0 to 1. */
static double progress(const struct live_state *state)
{
    double by_time = 0;
    double by_count = 0;
    double most;

    if (state->is_done)
        return 1;
    if (state->length_ns > 0)
        by_time = (double)state->elapsed_ns / (double)state->length_ns;
    if (state->count > 0)
        by_count = (double)state->done / (double)state->count;
    most = by_time > by_count ? by_time : by_count;
    return most < 1 ? most : 1;
}

/* The time left, estimated; 0: unknown. */
static uint64_t left_ns(const struct frame *frame)
{
    const struct live_state *state = frame->state;
    double rate = rate_now(frame->history);

    if (state->length_ns > 0)
        return state->length_ns > state->elapsed_ns ? state->length_ns - state->elapsed_ns : 0;
    if (state->count <= state->done || rate <= 0)
        return 0;
    return (uint64_t)((double)(state->count - state->done) / rate * (double)NS_PER_S);
}

/* The time left in useful steps: tenths of a second, then seconds. */
#define LEFT_MIN_NS (NS_PER_S / 20)
static char *left_text(uint64_t left, char text[FIGURE_TEXT_BYTES])
{
    double left_s = (double)left / (double)NS_PER_S;

    snprintf(text, FIGURE_TEXT_BYTES, "%.*fs", left_s < 9.95, left_s);
    return text;
}

static void line_progress(struct frame *frame)
{
    const struct live_state *state = frame->state;
    double share = progress(state);
    unsigned bar = frame->page->columns / 3;
    unsigned filled = (unsigned)(share * bar + 0.5);
    uint64_t left = left_ns(frame);
    char text[FIGURE_TEXT_BYTES];
    char count[FIGURE_TEXT_BYTES];

    for (unsigned i = 0; i < bar; i++) {
        bool is_filled = i < filled;

        page_put(frame->page, is_filled ? PAGE_PLAIN : PAGE_DIM,
                 is_filled ? frame->drawing->bar : frame->drawing->rest);
    }
    words(frame, PAGE_BOLD, " %3u %%", (unsigned)(share * 100));
    if (state->count > 0)
        words(frame, PAGE_PLAIN, "  %s of %s", figure_count(state->done, count),
              figure_count(state->count, text));
    if (share >= 1)
        words(frame, PAGE_PLAIN, "%s", state->is_done ? "" : "  ending");
    else if (left >= LEFT_MIN_NS)
        words(frame, PAGE_PLAIN, "  %s left", left_text(left, text));
    if (state->interval->warmup)
        words(frame, PAGE_WARNING, "  warm-up");
    page_end(frame->page);
}

static void line_rate(struct frame *frame)
{
    const struct live_history *history = frame->history;
    char text[FIGURE_TEXT_BYTES];

    page_label(frame->page, "rate");
    fact(frame, PAGE_BOLD, "now", history->count > 0 ? figure_rate(rate_now(history), text) : "-");
    if (history->measured_ns > 0)
        fact(frame, PAGE_PLAIN, "mean",
             figure_rate(per_s(history->ok, history->measured_ns), text));
    fact(frame, PAGE_PLAIN, "in flight", figure_count(frame->state->interval->in_flight, text));
    page_end(frame->page);
}

static void line_total(struct frame *frame)
{
    const struct document_interval *interval = frame->state->interval;
    const struct document_point *point = &interval->all;
    char text[FIGURE_TEXT_BYTES];

    page_label(frame->page, timing_name(TIMING_TOTAL));
    if (interval->warmup || point->ok == 0) {
        page_put(frame->page, PAGE_DIM, interval->warmup ? "not measured yet" : "none ended well");
    } else {
        fact(frame, PAGE_PLAIN, "p50", figure_duration(point->p50_ns[TIMING_TOTAL], text));
        fact(frame, PAGE_PLAIN, "p99", figure_duration(point->p99_ns[TIMING_TOTAL], text));
        fact(frame, PAGE_PLAIN, "max", figure_duration(point->max_ns[TIMING_TOTAL], text));
        words(frame, PAGE_DIM, "last second");
    }
    page_end(frame->page);
}

/* "most: connection refused, [::1]:1848": the most frequent kind and, of several targets, the one
 * that failed most. */
static void most_failed(struct frame *frame)
{
    const struct live_history *history = frame->history;
    const struct document *document = frame->state->document;
    enum result kind = RESULT_OK + 1;
    uint32_t target = 0;

    for (int i = RESULT_OK + 1; i < RESULT_COUNT; i++)
        kind = history->failed_as[i] > history->failed_as[kind] ? (enum result)i : kind;
    for (uint32_t i = 1; i < document->target_count; i++)
        target = history->target_failed[i] > history->target_failed[target] ? i : target;
    if (history->failed_as[kind] == 0)
        return;
    if (document->target_count > 1)
        words(frame, PAGE_RED, "most: %s, %s", result_text(kind), document->targets[target].name);
    else
        words(frame, PAGE_RED, "most: %s", result_text(kind));
}

static void line_errors(struct frame *frame)
{
    const struct live_history *history = frame->history;
    bool is_open_loop = document_is_open_loop(frame->state->document);
    char text[FIGURE_TEXT_BYTES];

    page_label(frame->page, "errors");
    words(frame, history->failed > 0 ? PAGE_RED : PAGE_PLAIN, "%s",
          figure_count(history->failed, text));
    page_to(frame->page, PAGE_LABEL_COLUMNS + FACT_COLUMNS);
    if (is_open_loop) {
        fact(frame, history->late > 0 ? PAGE_WARNING : PAGE_PLAIN, "late",
             figure_count(history->late, text));
        fact(frame, history->dropped > 0 ? PAGE_WARNING : PAGE_PLAIN, "dropped",
             figure_count(history->dropped, text));
    }
    most_failed(frame);
    page_end(frame->page);
}

/* The columns for target names: as many as they need, at most half of the window. */
static unsigned names_width(const struct frame *frame)
{
    const struct document *document = frame->state->document;
    unsigned room = frame->page->columns / 2;
    unsigned names = 0;

    for (uint32_t i = 0; i < document->target_count; i++) {
        unsigned columns = page_width(document->targets[i].name);

        names = columns > names ? columns : names;
    }
    return names < room ? names : room;
}

static void line_target(struct frame *frame, uint32_t i)
{
    const struct document_interval *interval = frame->state->interval;
    const struct document_point *point = &interval->targets[i];
    unsigned names = names_width(frame);
    char text[FIGURE_TEXT_BYTES];

    page_cut(frame->page, PAGE_DIM, names, frame->state->document->targets[i].name);
    page_to(frame->page, names + 2);
    fact(frame, PAGE_PLAIN, "now",
         interval->warmup ? "-" : figure_rate(per_s(point->ok, interval->length_ns), text));
    fact(frame, PAGE_PLAIN, "p99",
         point->ok > 0 ? figure_duration(point->p99_ns[TIMING_TOTAL], text) : "-");
    page_end(frame->page);
}

/* The rates of the last intervals, the newest at the right, on a scale from 0 to the highest. */
#define SPARKS_REST (PAGE_LABEL_COLUMNS + 18) /* the columns before and after them */
static void line_sparks(struct frame *frame)
{
    const struct live_history *history = frame->history;
    unsigned columns = frame->page->columns;
    unsigned shown = columns > SPARKS_REST ? columns - SPARKS_REST : 1;
    char text[FIGURE_TEXT_BYTES];
    double highest = 0;

    if (shown > LIVE_HISTORY_MAX)
        shown = LIVE_HISTORY_MAX;
    if (history->count < shown)
        shown = (unsigned)history->count;
    for (uint64_t i = history->count - shown; i < history->count; i++) {
        double rate = rate_at(history, i);

        highest = rate > highest ? rate : highest;
    }
    page_label(frame->page, "history");
    if (shown == 0)
        page_put(frame->page, PAGE_DIM, "-");
    for (uint64_t i = history->count - shown; i < history->count; i++) {
        unsigned step = highest > 0 ? (unsigned)(7 * rate_at(history, i) / highest + 0.5) : 0;

        page_put(frame->page, PAGE_PLAIN, frame->drawing->sparks[step]);
    }
    if (shown > 0)
        words(frame, PAGE_DIM, "  top %s/s", figure_rate(highest, text));
    page_end(frame->page);
}

unsigned live_frame(struct page *page, const struct live_history *history,
                    const struct live_state *state, unsigned lines)
{
    struct frame frame = {page, history, state, &drawings[page->can_utf8]};
    /* In screen order, with the importance of each if there is not enough space. */
    static const struct {
        void (*write)(struct frame *frame);
        unsigned needs; /* number of lines the terminal must have */
    } rows[] = {
        {line_title, 5}, {line_progress, 2}, {line_rate, 1},
        {line_total, 3}, {line_errors, 4},   {line_sparks, 6},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    uint32_t targets = state->document->target_count;
    unsigned written = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;

        if (is_last && targets > 1 && targets <= TARGETS_SHOWN && lines >= count + targets) {
            for (uint32_t target = 0; target < targets; target++, written++)
                line_target(&frame, target);
        }
        if (lines >= rows[i].needs) {
            rows[i].write(&frame);
            written++;
        }
    }
    return written;
}
