/* Text on a page never controls the terminal, wherever it comes from. */
#include "printed.h"
#include "report/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVIL  "a\x1b[2Jb\nc"
#define SHOWN "a\\x1b[2Jb\\nc"

static void names_from_outside_are_shown_escaped(void **state)
{
    struct printed printed;
    struct page page = {.out = printed_begin(&printed), .columns = 200};
    char *text;

    (void)state;
    page_put(&page, PAGE_PLAIN, EVIL);
    page_putf(&page, PAGE_PLAIN, " %s", EVIL);
    page_wrap(&page, PAGE_PLAIN, 2, " " EVIL);
    page_wrapf(&page, PAGE_PLAIN, 2, " %s", EVIL);
    assert_true(page_put_whole(&page, PAGE_PLAIN, " " EVIL));
    page_to(&page, 90);
    page_cut(&page, PAGE_PLAIN, 40, EVIL);
    page_end(&page);
    text = printed_end(&printed);
    assert_string_equal(SHOWN " " SHOWN " " SHOWN " " SHOWN " " SHOWN
                              "                          " SHOWN "\n",
                        text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_from_outside_are_shown_escaped),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
