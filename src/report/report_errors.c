/* Failures, by phase and kind. */
#include "report/report_errors.h"

#include "base/escape.h"
#include "report/figure.h"
#include "result/answers.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_BYTES 64 /* of the expected, and of the received bytes */

/* The column where an error text begins: after its count and phase. */
#define COUNT_COLUMNS 8
#define ERROR_COLUMN  (PAGE_LABEL_COLUMNS + COUNT_COLUMNS + 2 + 10)

/* To which target these connections failed, if there are several. */
#define SHARES_SHOWN 3
static void shares(struct page *page, const struct document *document, enum phase phase,
                   enum result kind)
{
    uint64_t all = document->all.tally->failed[phase][kind];
    uint32_t shown = 0;

    for (uint32_t i = 0; document->target_count > 1 && i < document->target_count; i++) {
        uint64_t count = document->targets[i].tally->failed[phase][kind];
        char text[FIGURE_TEXT_BYTES];

        if (count == 0)
            continue;
        if (shown++ == SHARES_SHOWN) {
            page_wrap(page, PAGE_DIM, ERROR_COLUMN, ", ...");
            break;
        }
        if (count == all)
            page_wrapf(page, PAGE_DIM, ERROR_COLUMN, ", all to %s", document->targets[i].name);
        else
            page_wrapf(page, PAGE_DIM, ERROR_COLUMN, ", %s to %s", figure_count(count, text),
                       document->targets[i].name);
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

/* The errors that have no counter of their own, over all phases. */
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

/* "from 127.0.0.1:80: ", if there are several targets. */
static void answering(struct page *page, const struct document *document,
                      const struct document_target *target)
{
    page_to(page, ERROR_COLUMN);
    if (document->target_count > 1)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "from %s: ", target->name);
}

/* "expected 6 bytes, got 3: "hel"": only the received bytes are shown. */
static void short_answer(struct page *page, const struct document *document)
{
    const struct document_target *target = answers_first_short(document);
    const struct option_bytes *expect = &document->options.expect;
    char got[SHOWN_BYTES];

    if (!target || target->short_answer.came_bytes > expect->bytes)
        return;
    answering(page, document, target);
    page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "expected %" PRIu32 " byte%s, got ", expect->bytes,
               expect->bytes == 1 ? "" : "s");
    if (target->short_answer.came_bytes == 0)
        page_wrap(page, PAGE_PLAIN, ERROR_COLUMN, "none");
    else
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "%" PRIu32 ": \"%s\"",
                   target->short_answer.came_bytes,
                   escape_encode(expect->data, target->short_answer.came_bytes, got, sizeof(got)));
    page_end(page);
}

/* "expected "moin", got "hello\\n"": bytes as typed, and dots for omitted ones. */
static void wrong_answer(struct page *page, const struct document *document)
{
    const struct document_target *target = answers_first_wrong(document);
    const struct wrong_answer *wrong = target ? &target->wrong_answer : NULL;
    const struct option_bytes *expect = &document->options.expect;
    char expected[SHOWN_BYTES], got[SHOWN_BYTES];

    if (!wrong || wrong->offset > expect->bytes)
        return;
    answering(page, document, target);
    escape_encode(expect->data + wrong->offset, expect->bytes - wrong->offset, expected,
                  sizeof(expected));
    escape_encode(wrong->data, wrong->bytes, got, sizeof(got));
    if (wrong->offset > 0)
        page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "after %" PRIu32 " bytes ", wrong->offset);
    page_wrapf(page, PAGE_PLAIN, ERROR_COLUMN, "expected \"%s\", got \"%s\"", expected, got);
    page_end(page);
}

void report_errors(struct page *page, const struct document *document)
{
    const struct tally *tally = document->all.tally;
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
            shares(page, document, (enum phase)phase, (enum result)kind);
            page_end(page);
            text = "";
        }
    }
    other_errors(page, tally);
    short_answer(page, document);
    wrong_answer(page, document);
}
