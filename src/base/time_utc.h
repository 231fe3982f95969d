/* Times of day as text (RFC 3339, UTC), in microseconds. */
#ifndef HELLO_TIME_UTC_H
#define HELLO_TIME_UTC_H

#include <stdint.h>

#define TIME_UTC_BYTES 64

/* Write a time of day, from CLOCK_REALTIME: "2025-10-09T08:53:20.123456Z". Returns text. */
char *time_utc_format(uint64_t unix_ns, char text[TIME_UTC_BYTES]);

/* Read what time_utc_format writes. Returns 0, or -EINVAL with *ret_unix_ns unchanged. */
int time_utc_parse(const char *text, uint64_t *ret_unix_ns);

#endif
