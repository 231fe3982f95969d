#include "report/report_threads.h"

#include "report/figure.h"

#include <math.h>

#define REMARKABLE_SHARE 0.05 /* waited for a CPU, or its CPU used by others */

static double known(double share)
{
    return isnan(share) ? 0 : share;
}

static void share_put(struct page *page, unsigned column, const char *name, double share)
{
    char text[FIGURE_TEXT_BYTES];

    page_wrapf(page, PAGE_PLAIN, column, ", %s %s", name,
               isnan(share) ? "unknown" : figure_percent(share, text));
}

void report_threads(struct page *page, const struct report *report, unsigned column)
{
    const struct thread_use *worst = NULL;
    double most = REMARKABLE_SHARE;

    for (uint32_t i = 0; i < report->threads; i++) {
        const struct thread_use *use = &report->thread[i];
        double lost =
            known(use->waited) > known(use->others) ? known(use->waited) : known(use->others);

        if (lost > most) {
            most = lost;
            worst = use;
        }
    }
    if (!worst)
        return;
    page_put(page, PAGE_DIM, "threads");
    page_to(page, column);
    page_wrapf(page, PAGE_PLAIN, column, "%s%ld of %u on ", report->threads > 1 ? "worst is " : "",
               (long)(worst - report->thread) + 1, report->threads);
    if (worst->cpu >= 0)
        page_wrapf(page, PAGE_PLAIN, column, "CPU %d", worst->cpu);
    else
        page_wrapf(page, PAGE_PLAIN, column, "any CPU");
    share_put(page, column, "own", worst->own);
    share_put(page, column, "others", worst->others);
    share_put(page, column, "idle", worst->idle);
    share_put(page, column, "waited", worst->waited);
    page_end(page);
}
