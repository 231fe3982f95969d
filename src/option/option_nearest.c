#include "option/option_nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LENGTH_MAX   64 /* of names; a longer one matches none */
#define ABBREVIATION 3  /* this many first characters or more can stand for a name */

static char plain(char character)
{
    return character == '_' ? '-' : (char)tolower((unsigned char)character);
}

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* The optimal string alignment distance: no mistake undoes another. */
static size_t distance(const char *from, size_t from_bytes, const char *to, size_t to_bytes)
{
    size_t cost[LENGTH_MAX + 1][LENGTH_MAX + 1];

    for (size_t i = 0; i <= from_bytes; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= to_bytes; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= from_bytes; i++) {
        for (size_t j = 1; j <= to_bytes; j++) {
            char one = plain(from[i - 1]), other = plain(to[j - 1]);

            cost[i][j] = least(cost[i - 1][j - 1] + (one != other),
                               least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && one == plain(to[j - 2]) && plain(from[i - 2]) == other)
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[from_bytes][to_bytes];
}

/* "maxconn" of "max-connections", ignoring dashes. */
static bool is_beginning(const char *name, size_t bytes, const char *known)
{
    size_t matched = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (plain(name[i]) == '-')
            continue;
        known += strspn(known, "-_");
        if (*known == '\0' || plain(*known) != plain(name[i]))
            return false;
        known++;
        matched++;
    }
    return matched >= ABBREVIATION;
}

/* "timeout-ms" of "timeout". */
static bool is_extended(const char *name, size_t bytes, const char *known, size_t known_bytes)
{
    if (bytes <= known_bytes || plain(name[known_bytes]) != '-')
        return false;
    return distance(name, known_bytes, known, known_bytes) == 0;
}

struct option_nearest option_nearest_start(const char *name, size_t bytes, size_t mistakes_max)
{
    return (struct option_nearest){
        .name = name, .bytes = bytes, .mistakes_max = mistakes_max, .distance = mistakes_max + 1};
}

void option_nearest_offer(struct option_nearest *nearest, const char *known)
{
    size_t known_bytes = strlen(known), found;

    if (nearest->bytes == 0 || nearest->bytes > LENGTH_MAX || known_bytes > LENGTH_MAX)
        return;
    found = distance(nearest->name, nearest->bytes, known, known_bytes);
    if (is_beginning(nearest->name, nearest->bytes, known))
        found = 0;
    else if (is_extended(nearest->name, nearest->bytes, known, known_bytes))
        found = least(found, nearest->mistakes_max);
    if (found < nearest->distance && found < known_bytes) {
        nearest->found = known;
        nearest->distance = found;
    }
}

const char *option_hint_find(const struct option_table *table, const char *name, size_t bytes)
{
    const struct option_hint *hint = table->hints;

    for (; hint != NULL && hint->names != NULL; hint++) {
        for (const char *at = hint->names; *at != '\0'; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");

            if (length == bytes && memcmp(at, name, bytes) == 0)
                return hint->advice;
            at += length;
        }
    }
    return NULL;
}
