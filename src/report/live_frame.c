#include "report/live_frame.h"

#include "base/units.h"
#include "report/figure.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LANES_SHOWN 4 /* with more, lanes are not shown apart */

/* Drawn with blocks of eighths where the terminal has them. */
struct drawing {
    const char *bar, *rest;
    const char *sparks[8];
};
static const struct drawing drawings[] = {
    {"#", "-", {"_", ".", "-", "~", "=", "+", "*", "#"}},
    {"█", "░", {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}},
};

/* A frame while it is written. */
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

/* Remember a rate, if it can be told: in the warm-up nothing is counted but, perhaps, what ended.
 */
static void rate_add(struct live_history *history, const struct live_state *state)
{
    const struct report_interval *interval = state->interval;
    uint64_t count = interval->all.ok;

    if (interval->warmup)
        count = state->done > history->done ? state->done - history->done : 0;
    if (live_interval_is_short(state) || (interval->warmup && count == 0))
        return;
    history->rates[history->count++ % LIVE_HISTORY_MAX] = per_s(count, interval->length_ns);
}

void live_history_add(struct live_history *history, const struct live_state *state)
{
    const struct report_interval *interval = state->interval;

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
    for (uint32_t i = 0; i < state->report->lane_count; i++)
        history->lane_failed[i] += interval->lanes[i].failed;
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

/* "p99 231us", in columns of their own, so that only digits move from one second to the next. What
 * there is no room for is left out: a number that is cut is another number. */
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

/* Write words that mean nothing in part, if there is room for them. */
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
    const struct report *report = frame->state->report;
    const struct option_rate *asked = &report->config->rate;
    char text[UNITS_TEXT_BYTES];

    page_put(frame->page, PAGE_BOLD, "hello-load");
    for (uint32_t i = 0; i < report->lane_count; i++) {
        char name[ADDRESS_TEXT_BYTES + 8];

        snprintf(name, sizeof(name), "%s %s", i > 0 ? "," : "", report->lanes[i].name);
        if (!page_put_whole(frame->page, PAGE_BOLD, name)) {
            page_put_whole(frame->page, PAGE_BOLD, " ...");
            break;
        }
    }
    if (asked->starts > 0)
        words(frame, PAGE_DIM, "  open loop at %s",
              rate_format(asked->starts, asked->period_ns, text));
    else
        words(frame, PAGE_DIM, "  closed loop of %s", figure_count(report->connections, text));
    page_end(frame->page);
}

/* How much of the run is over, 0 to 1. */
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

/* The time left, as far as one can tell: 0 if not. */
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

/* The time left in steps that mean something: tenths of a second, then seconds. */
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
    const struct report_interval *interval = frame->state->interval;
    const struct report_point *point = &interval->all;
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

/* "most refused by [::1]:1848": the kind, and of several targets the one, that failed most. */
static void most_failed(struct frame *frame)
{
    const struct live_history *history = frame->history;
    const struct report *report = frame->state->report;
    enum result kind = RESULT_OK + 1;
    uint32_t lane = 0;

    for (int i = RESULT_OK + 1; i < RESULT_COUNT; i++)
        kind = history->failed_as[i] > history->failed_as[kind] ? (enum result)i : kind;
    for (uint32_t i = 1; i < report->lane_count; i++)
        lane = history->lane_failed[i] > history->lane_failed[lane] ? i : lane;
    if (history->failed_as[kind] == 0)
        return;
    if (report->lane_count > 1)
        words(frame, PAGE_RED, "most: %s, %s", result_text(kind), report->lanes[lane].name);
    else
        words(frame, PAGE_RED, "most: %s", result_text(kind));
}

static void line_errors(struct frame *frame)
{
    const struct live_history *history = frame->history;
    bool is_open_loop = load_is_open_loop(frame->state->report->config);
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

/* The columns for the names of lanes: what all of them need, or half of the window. */
static unsigned names_width(const struct frame *frame)
{
    const struct report *report = frame->state->report;
    unsigned room = frame->page->columns / 2;
    unsigned names = 0;

    for (uint32_t i = 0; i < report->lane_count; i++) {
        unsigned columns = page_width(report->lanes[i].name);

        names = columns > names ? columns : names;
    }
    return names < room ? names : room;
}

static void line_lane(struct frame *frame, uint32_t i)
{
    const struct report_interval *interval = frame->state->interval;
    const struct report_point *point = &interval->lanes[i];
    unsigned names = names_width(frame);
    char text[FIGURE_TEXT_BYTES];

    page_cut(frame->page, PAGE_DIM, names, frame->state->report->lanes[i].name);
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
    /* In the order of the screen, and how much each is missed where there is no room. */
    static const struct {
        void (*write)(struct frame *frame);
        unsigned needs; /* lines that the terminal must have */
    } rows[] = {
        {line_title, 5}, {line_progress, 2}, {line_rate, 1},
        {line_total, 3}, {line_errors, 4},   {line_sparks, 6},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    uint32_t lanes = state->report->lane_count;
    unsigned written = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;

        if (is_last && lanes > 1 && lanes <= LANES_SHOWN && lines >= count + lanes) {
            for (uint32_t lane = 0; lane < lanes; lane++, written++)
                line_lane(&frame, lane);
        }
        if (lines >= rows[i].needs) {
            rows[i].write(&frame);
            written++;
        }
    }
    return written;
}
