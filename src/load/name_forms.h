/* The forms of a name that a resolver asks for, one after the other, as resolv.conf(5) says: the
 * name as it was typed, and with each domain of the search list.
 *
 * Thread rule: pure functions, but for the memory of the list. */
#ifndef HELLO_NAME_FORMS_H
#define HELLO_NAME_FORMS_H

#include <stddef.h>

#define NAME_FORM_BYTES 256 /* of one, with its NUL: the longest name of DNS has 253 (RFC 1035) */
#define NAME_FORMS_MAX  33  /* so many are asked for; what is beyond that is left out */
#define NAME_NDOTS_MAX  15  /* what glibc makes of a larger ndots */

struct name_forms {
    unsigned count;
    char names[NAME_FORMS_MAX][NAME_FORM_BYTES];
};

/* Fill in the forms of a host name, in the order in which glibc asks for them (res_search): a name
 * with `ndots` dots or more is first tried as it is, others last; one that ends with a dot, as it
 * is only. The domain "." stands for the name as it is, at its place. Forms that are too long for a
 * name of DNS are left out. */
void name_forms_fill(struct name_forms *ret_forms, const char *host, char *const *domains,
                     size_t domain_count, int ndots);

#endif
