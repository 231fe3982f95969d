#include "base/time_utc.h"

#include "base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

char *time_utc_format(uint64_t unix_ns, char text[TIME_UTC_BYTES])
{
    time_t seconds = (time_t)(unix_ns / NS_PER_S);
    char date[40];
    struct tm utc;

    gmtime_r(&seconds, &utc); /* fails only for years that 64 bits of nanoseconds do not reach */
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, TIME_UTC_BYTES, "%s.%06uZ", date, (unsigned)(unix_ns % NS_PER_S / NS_PER_US));
    return text;
}

int time_utc_parse(const char *text, uint64_t *ret_unix_ns)
{
    struct tm day = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &day);
    char again[TIME_UTC_BYTES];
    uint64_t unix_ns;
    unsigned long us;
    time_t seconds;

    if (!rest || *rest != '.')
        return -EINVAL;
    us = strtoul(rest + 1, NULL, 10); /* what follows the digits is checked below */
    seconds = timegm(&day);
    if (seconds < 0)
        return -EINVAL;
    unix_ns = (uint64_t)seconds * NS_PER_S + us * NS_PER_US;
    if (strcmp(time_utc_format(unix_ns, again), text) != 0) /* not exactly in this form */
        return -EINVAL;
    *ret_unix_ns = unix_ns;
    return 0;
}
