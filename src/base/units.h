/* Numbers with units, as users type and read them: durations (500ms, 2s), counts (10k, 1M) and
 * rates (20k/s, 100/m). */
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
 * Returns 0, -EINVAL (not a duration) or -ERANGE (more than 2^63 ns); then *ret_ns is unchanged. */
int duration_parse(const char *text, uint64_t *ret_ns);

/* Parse a count: a decimal number (a fraction is allowed if the result is whole) with an optional
 * unit k, M or G (powers of 1000; K and m are refused).
 * Returns 0, -EINVAL (not a count) or -ERANGE (more than 2^63); then *ret_count is unchanged. */
int count_parse(const char *text, uint64_t *ret_count);

/* Parse a rate: a count as above, then optionally /s, /m or /h; the default is /s. 0 is allowed.
 * *ret_period_ns becomes a second, a minute or an hour. Returns 0, -EINVAL (not a rate) or -ERANGE
 * (more than 2^63); then outputs are unchanged. */
int rate_parse(const char *text, uint64_t *ret_count, uint64_t *ret_period_ns);

/* Enough for any text that duration_format or rate_format writes. */
#define UNITS_TEXT_BYTES 32

/* Write a duration in the largest unit in which it is a whole number ("2s", "1500ms"), so that
 * duration_parse gives the same value back (up to 2^63). 0 is "0s". Returns text. */
char *duration_format(uint64_t ns, char text[UNITS_TEXT_BYTES]);

/* Write a rate with the largest of k, M and G in which its count is whole ("20k/s", "1500/m"), so
 * that rate_parse gives the same values back. The period must be one of rate_parse. Returns text.
 */
char *rate_format(uint64_t count, uint64_t period_ns, char text[UNITS_TEXT_BYTES]);

#endif
