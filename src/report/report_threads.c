#include "report/report_threads.h"

#include "report/figure.h"

#include <math.h>

#define REMARKABLE_SHARE 0.05 /* waited for a CPU, or its CPU used by others */

static double known(double share)
{
    return isnan(share) ? 0 : share;
}

static void share_put(struct page *page, const char *name, double share)
{
    char text[FIGURE_TEXT_BYTES];

    page_wrapf(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, ", %s %s", name,
               isnan(share) ? "unknown" : figure_percent(share, text));
}

void report_threads(struct page *page, const struct document *document)
{
    const struct thread_use *worst = NULL;
    double most = REMARKABLE_SHARE;

    for (uint32_t i = 0; i < document->threads; i++) {
        const struct thread_use *use = &document->thread[i];
        double lost =
            known(use->waited) > known(use->others) ? known(use->waited) : known(use->others);

        if (lost > most) {
            most = lost;
            worst = use;
        }
    }
    if (!worst)
        return;
    page_label(page, "threads");
    page_wrapf(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, "%s%ld of %u on ",
               document->threads > 1 ? "worst is " : "", (long)(worst - document->thread) + 1,
               document->threads);
    if (worst->cpu >= 0)
        page_wrapf(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, "CPU %d", worst->cpu);
    else
        page_wrapf(page, PAGE_PLAIN, PAGE_LABEL_COLUMNS, "any CPU");
    share_put(page, "own", worst->own);
    share_put(page, "others", worst->others);
    share_put(page, "idle", worst->idle);
    share_put(page, "waited", worst->waited);
    page_end(page);
}
