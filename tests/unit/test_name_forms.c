/* In which forms a name is asked for: what resolv.conf(5) says of ndots and the search list. */
#include "net/name_forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The forms of a name, with a search list of up to three domains, separated by spaces. */
static const char *forms_of(const char *host, int ndots, const char *one, const char *two,
                            const char *three)
{
    static struct name_forms forms;
    static char text[NAME_FORMS_MAX * (NAME_FORM_BYTES + 1)];
    char domains[3][NAME_FORM_BYTES];
    char *list[] = {domains[0], domains[1], domains[2]};
    const char *given[] = {one, two, three};
    size_t count = 0;

    for (size_t i = 0; i < 3 && given[i]; i++)
        strncpy(domains[count++], given[i], NAME_FORM_BYTES - 1)[NAME_FORM_BYTES - 1] = '\0';
    name_forms_fill(&forms, host, list, count, ndots);
    text[0] = '\0';
    for (unsigned i = 0; i < forms.count; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "", forms.names[i]);
    }
    return text;
}

static void a_name_without_dots_is_tried_in_the_domains_first(void **state)
{
    (void)state;
    assert_string_equal("web.lan web.test web", forms_of("web", 1, "lan", "test", NULL));
    assert_string_equal("web", forms_of("web", 1, NULL, NULL, NULL));
}

static void a_name_with_enough_dots_is_tried_as_it_is_first(void **state)
{
    (void)state;
    assert_string_equal("web.a web.a.lan", forms_of("web.a", 1, "lan", NULL, NULL));
    assert_string_equal("web web.lan", forms_of("web", 0, "lan", NULL, NULL));
    assert_string_equal("a.b.c.lan a.b.c", forms_of("a.b.c", 5, "lan", NULL, NULL));
    assert_string_equal("a.b.c a.b.c.lan", forms_of("a.b.c", 2, "lan", NULL, NULL));
}

static void a_dot_at_the_end_says_that_nothing_follows(void **state)
{
    (void)state;
    assert_string_equal("web.", forms_of("web.", 5, "lan", "test", NULL));
}

static void the_root_in_the_list_is_the_name_as_it_is_at_its_place(void **state)
{
    (void)state;
    assert_string_equal("web", forms_of("web", 1, ".", NULL, NULL));
    assert_string_equal("web web.lan", forms_of("web", 1, ".", "lan", NULL));
    assert_string_equal("web.lan web web.test", forms_of("web", 1, "lan", ".", "test"));
    assert_string_equal("web.a web.a.lan", forms_of("web.a", 1, ".", "lan", NULL));
}

static void a_dot_before_a_domain_is_left_out(void **state)
{
    (void)state;
    assert_string_equal("web.lan web", forms_of("web", 1, ".lan", NULL, NULL));
}

static void more_dots_than_glibc_counts_are_enough(void **state)
{
    (void)state;
    assert_string_equal("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.lan",
                        forms_of("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", 99, "lan", NULL, NULL));
}

static void forms_that_are_too_long_are_left_out(void **state)
{
    char host[NAME_FORM_BYTES];

    (void)state;
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_string_equal(host, forms_of(host, 1, "lan", NULL, NULL));
    host[sizeof(host) - 5] = '\0';
    assert_int_equal(2 * (NAME_FORM_BYTES - 5) + 5,
                     strlen(forms_of(host, 1, "lan", "too-long", NULL)));
}

static void there_are_no_more_forms_than_there_is_room_for(void **state)
{
    char domain[] = "lan";
    char *domains[2 * NAME_FORMS_MAX];
    struct name_forms forms;

    (void)state;
    for (size_t i = 0; i < 2 * NAME_FORMS_MAX; i++)
        domains[i] = domain;
    name_forms_fill(&forms, "web", domains, 2 * NAME_FORMS_MAX, 1);
    assert_int_equal(NAME_FORMS_MAX, forms.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_without_dots_is_tried_in_the_domains_first),
        cmocka_unit_test(a_name_with_enough_dots_is_tried_as_it_is_first),
        cmocka_unit_test(a_dot_at_the_end_says_that_nothing_follows),
        cmocka_unit_test(the_root_in_the_list_is_the_name_as_it_is_at_its_place),
        cmocka_unit_test(a_dot_before_a_domain_is_left_out),
        cmocka_unit_test(more_dots_than_glibc_counts_are_enough),
        cmocka_unit_test(forms_that_are_too_long_are_left_out),
        cmocka_unit_test(there_are_no_more_forms_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
