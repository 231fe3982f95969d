/* Find the known name that a misspelt one means. */
#ifndef HELLO_OPTION_NEAREST_H
#define HELLO_OPTION_NEAREST_H

#include "option/option.h"

#include <stddef.h>

/* A search: start it, offer each known name, then read what it found. */
struct option_nearest {
    const char *name; /* what was typed, not NUL-terminated */
    size_t bytes;
    size_t mistakes_max;
    size_t distance;   /* only a nearer name is accepted */
    const char *found; /* the nearest of the names offered, or NULL */
};

/* Look for a known name that differs by at most this many mistakes: a character added, left out or
 * changed, or two swapped. */
struct option_nearest option_nearest_start(const char *name, size_t bytes, size_t mistakes_max);

/* Offer a known name, which must outlive the search. If the typed name is its beginning, it is
 * nearest; if it is the first words of the typed name, it is near too. '-' and '_' are equal, and
 * so are upper and lower case. */
void option_nearest_offer(struct option_nearest *nearest, const char *known);

/* The table's advice for an unknown option, "--port" or "-p"; NULL if none. */
const char *option_hint_find(const struct option_table *table, const char *name, size_t bytes);

#endif
