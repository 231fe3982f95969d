#include "net/name_forms.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int dots_in(const char *name)
{
    int dots = 0;

    for (; *name; name++)
        dots += *name == '.';
    return dots;
}

static void form_add(struct name_forms *forms, const char *host, const char *domain)
{
    char *name = forms->names[forms->count < NAME_FORMS_MAX ? forms->count : 0];
    size_t bytes = strlen(host) + (*domain ? 1 + strlen(domain) : 0);

    if (forms->count == NAME_FORMS_MAX || bytes >= NAME_FORM_BYTES)
        return;
    snprintf(name, NAME_FORM_BYTES, "%s%s%s", host, *domain ? "." : "", domain);
    forms->count++;
}

void name_forms_fill(struct name_forms *ret_forms, const char *host, char *const *domains,
                     size_t domain_count, int ndots)
{
    bool is_absolute = *host && host[strlen(host) - 1] == '.';
    bool as_it_is_first = dots_in(host) >= (ndots < NAME_NDOTS_MAX ? ndots : NAME_NDOTS_MAX);
    bool has_as_it_is = is_absolute || as_it_is_first;

    ret_forms->count = 0;
    if (has_as_it_is)
        form_add(ret_forms, host, "");
    for (size_t i = 0; i < domain_count && !is_absolute; i++) {
        const char *domain = domains[i] + (domains[i][0] == '.');

        if (*domain)
            form_add(ret_forms, host, domain);
        else if (!has_as_it_is)
            form_add(ret_forms, host, "");
        has_as_it_is |= !*domain;
    }
    if (!has_as_it_is)
        form_add(ret_forms, host, "");
}
