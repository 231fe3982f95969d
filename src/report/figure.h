/* Numbers as people read them: three significant digits, a unit that suits, commas. */
#ifndef HELLO_FIGURE_H
#define HELLO_FIGURE_H

#include <stdint.h>

/* Room enough for any text that is written here. */
#define FIGURE_TEXT_BYTES 32

/* Each writes to text and returns it. */

/* "843ns", "42.1us", "1.32ms", "61.2s", "3600s", "2.78h": six columns at the most, up to 41 days.
 */
char *figure_duration(uint64_t ns, char text[FIGURE_TEXT_BYTES]);

/* "79,000". */
char *figure_count(uint64_t count, char text[FIGURE_TEXT_BYTES]);

/* A number of things per second, without a unit: "15,974", "98.4", "3.21", "0.000278", "0". */
char *figure_rate(double per_s, char text[FIGURE_TEXT_BYTES]);

/* The same for programs, without commas: "15974.2", "98.4", "3.21", "0.000278", "0.0". */
char *figure_plain_rate(double per_s, char text[FIGURE_TEXT_BYTES]);

/* A time of day, from CLOCK_REALTIME, in RFC 3339: "2025-10-09T08:53:20.123456Z". */
#define TIME_UTC_BYTES 64
char *time_utc_format(uint64_t unix_ns, char text[TIME_UTC_BYTES]);

/* A share of 1: "62 %", "3.1 %", "0 %". */
char *figure_percent(double share, char text[FIGURE_TEXT_BYTES]);

#endif
