/* What failed, by phase and kind. */
#include "report/report_errors.h"

#include "base/escape.h"
#include "report/answers.h"
#include "report/figure.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_BYTES 64 /* of what was expected, and of what came */

/* Where the text of an error begins: after its count and its phase. */
#define COUNT_COLUMNS 8
#define ERROR_COLUMN  (PAGE_LABEL_COLUMNS + COUNT_COLUMNS + 2 + 10)

/* Whose connections failed so, where there are several targets. */
#define SHARES_TOLD 3
static void shares(struct page *page, const struct report *report, enum phase phase,
                   enum result kind)
{
    uint64_t all = report->all.tally->failed[phase][kind];
    uint32_t told = 0;

    for (uint32_t i = 0; report->lane_count > 1 && i < report->lane_count; i++) {
        uint64_t count = report->lanes[i].tally->failed[phase][kind];
        char text[FIGURE_TEXT_BYTES];

        if (count == 0)
            continue;
        if (told++ == SHARES_TOLD) {
            page_wrap(page, PAGE_DIM, ERROR_COLUMN, ", ...");
            break;
        }
        if (count == all)
            page_wrapf(page, PAGE_DIM, ERROR_COLUMN, ", all to %s", report->lanes[i].name);
        else
            page_wrapf(page, PAGE_DIM, ERROR_COLUMN, ", %s to %s", figure_count(count, text),
                       report->lanes[i].name);
    }
}

static void other_error(struct page *page, int error, uint64_t errors, bool is_first)
{
    const char *name = error ? strerrorname_np(error) : NULL;
    char count[FIGURE_TEXT_BYTES];

    if (errors == 0)
        return;
    page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "%s %s ", is_first ? "namely" : ",",
               figure_count(errors, count));
    if (name)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "%s (%s)", name, strerrordesc_np(error));
    else if (error)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "errno %d", error);
    else
        page_wrap(page, PAGE_PLAIN, ERROR_COLUMN, "unknown");
}

/* What the errors that have no counter of their own were, over all phases. */
static void other_errors(struct page *page, const struct tally *tally)
{
    if (tally_failed_as(tally, RESULT_OTHER) == 0)
        return;
    page_to(page, ERROR_COLUMN);
    for (int error = 1; error < TALLY_ERRNO_MAX; error++)
        other_error(page, error, tally->other[error], page->written == 0);
    other_error(page, 0, tally->other[0], page->written == 0);
    page_end(page);
}

/* "from 127.0.0.1:80: ", where there are several targets. */
static void answering(struct page *page, const struct report *report,
                      const struct report_lane *lane)
{
    page_to(page, ERROR_COLUMN);
    if (report->lane_count > 1)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "from %s: ", lane->name);
}

/* "expected 6 bytes, got 3: "hel"": no more was expected that could be shown. */
static void short_answer(struct page *page, const struct report *report)
{
    const struct report_lane *lane = answers_first_short(report);
    const struct option_bytes *expect = &report->config->expect;
    char got[SHOWN_BYTES];

    if (!lane || lane->short_answer.came_bytes > expect->bytes)
        return;
    answering(page, report, lane);
    page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "expected %" PRIu32 " byte%s, got ", expect->bytes,
               expect->bytes == 1 ? "" : "s");
    if (lane->short_answer.came_bytes == 0)
        page_wrap(page, PAGE_PLAIN, ERROR_COLUMN, "none");
    else
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "%" PRIu32 ": \"%s\"",
                   lane->short_answer.came_bytes,
                   escape_encode(expect->data, lane->short_answer.came_bytes, got, sizeof(got)));
    page_end(page);
}

/* "expected "moin", got "hello\\n"": bytes as one types them, and dots for what is left out. */
static void wrong_answer(struct page *page, const struct report *report)
{
    const struct report_lane *lane = answers_first_wrong(report);
    const struct wrong_answer *wrong = lane ? &lane->wrong_answer : NULL;
    const struct option_bytes *expect = &report->config->expect;
    char expected[SHOWN_BYTES], got[SHOWN_BYTES];

    if (!wrong || wrong->offset > expect->bytes)
        return;
    answering(page, report, lane);
    escape_encode(expect->data + wrong->offset, expect->bytes - wrong->offset, expected,
                  sizeof(expected));
    escape_encode(wrong->data, wrong->bytes, got, sizeof(got));
    if (wrong->offset > 0)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "after %" PRIu32 " bytes ", wrong->offset);
    page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "expected \"%s\", got \"%s\"", expected, got);
    page_end(page);
}

void report_errors(struct page *page, const struct report *report)
{
    const struct tally *tally = report->all.tally;
    const char *text = "errors";
    char count[FIGURE_TEXT_BYTES];

    if (tally_failed(tally) == 0)
        return;
    page_end(page);
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int kind = RESULT_OK + 1; kind < RESULT_COUNT; kind++) {
            if (tally->failed[phase][kind] == 0)
                continue;
            page_label(page, text);
            page_right(page, PAGE_RED, COUNT_COLUMNS,
                       figure_count(tally->failed[phase][kind], count));
            page_to(page, page->column + 2);
            page_put(page, PAGE_PLAIN, phase_name((enum phase)phase));
            page_to(page, ERROR_COLUMN);
            page_wrap(page, PAGE_PLAIN, ERROR_COLUMN, result_text((enum result)kind));
            shares(page, report, (enum phase)phase, (enum result)kind);
            page_end(page);
            text = "";
        }
    }
    other_errors(page, tally);
    short_answer(page, report);
    wrong_answer(page, report);
}
