/* The forms of a name that a resolver tries in turn, as in resolv.conf(5): the name as typed, and
 * with each domain of the search list.
 *
 * Thread rule: pure functions, except the list's memory. */
#ifndef HELLO_NAME_FORMS_H
#define HELLO_NAME_FORMS_H

#include <stddef.h>

#define NAME_FORM_BYTES 256 /* of one, with its NUL: the longest DNS name has 253 (RFC 1035) */
#define NAME_FORMS_MAX  33  /* this many are tried; others are left out */
#define NAME_NDOTS_MAX  15  /* glibc reduces a larger ndots to this */

struct name_forms {
    unsigned count;
    char names[NAME_FORMS_MAX][NAME_FORM_BYTES];
};

/* Fill in the forms of a host name, in the order of glibc (res_search): a name with `ndots` dots or
 * more is tried as it is first, others last; one that ends with a dot, only as it is. The domain
 * "." stands for the name as it is, at its place in the list. Forms too long for a DNS name are
 * left out. */
void name_forms_fill(struct name_forms *ret_forms, const char *host, char *const *domains,
                     size_t domain_count, int ndots);

#endif
