/* Which known name a misspelt one was meant to be. */
#ifndef HELLO_OPTION_NEAREST_H
#define HELLO_OPTION_NEAREST_H

#include "option/option.h"

#include <stddef.h>

/* A search: start it, offer it each known name, and look at what it found. */
struct option_nearest {
    const char *name; /* what was typed, not NUL-terminated */
    size_t bytes;
    size_t mistakes_max;
    size_t distance;   /* only what is nearer than this is taken */
    const char *found; /* the nearest of the names offered, or NULL */
};

/* Look for what at most so many mistakes make of a known name: a character put in, left out or
 * changed, or two that were swapped. */
struct option_nearest option_nearest_start(const char *name, size_t bytes, size_t mistakes_max);

/* A known name, which must stay as long as the search. One that the typed one is the beginning of
 * is as near as it gets; one that is the first words of it is near too. '-' and '_' are the same,
 * and so are upper and lower case. */
void option_nearest_offer(struct option_nearest *nearest, const char *known);

/* What the table knows to say of an unknown option, "--port" or "-p"; NULL if nothing. */
const char *option_hint_find(const struct option_table *table, const char *name, size_t bytes);

#endif
