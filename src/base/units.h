/* Numbers with units, as people type and read them: durations (500ms, 2s) and counts (10k, 1M). */
#ifndef HELLO_UNITS_H
#define HELLO_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* Parse a duration: a decimal number (a fraction is allowed if the result is whole nanoseconds) and
 * a unit, one of ns us ms s m h. A bare number other than 0 has no unit and is refused. No sign, no
 * spaces, digits on both sides of the point.
 * Returns 0, -EINVAL (not a duration) or -ERANGE (more than 2^63 ns); *ret_ns is untouched then. */
int duration_parse(const char *text, uint64_t *ret_ns);

/* Parse a count: a decimal number (a fraction is allowed if the result is whole) with an optional
 * unit k, M or G (powers of 1000; K and m are refused).
 * Returns 0, -EINVAL (not a count) or -ERANGE (more than 2^63); *ret_count is untouched then. */
int count_parse(const char *text, uint64_t *ret_count);

/* Room enough for any text that duration_format writes. */
#define UNITS_TEXT_BYTES 32

/* Write a duration in the largest unit in which it is a whole number ("2s", "1500ms"), so that
 * duration_parse gives the same value back (up to 2^63). 0 is "0s". Returns text. */
char *duration_format(uint64_t ns, char text[UNITS_TEXT_BYTES]);

#endif
