/* Numbers for people: three significant digits, a suitable unit, commas. */
#ifndef HELLO_FIGURE_H
#define HELLO_FIGURE_H

#include <stdint.h>

/* Large enough for every text written here. */
#define FIGURE_TEXT_BYTES 32

/* Each function writes to `text` and returns it. */

/* "843ns", "42.1us", "1.32ms", "61.2s", "3600s", "2.78h": at most six columns, up to 41 days. */
char *figure_duration(uint64_t ns, char text[FIGURE_TEXT_BYTES]);

/* "79,000". */
char *figure_count(uint64_t count, char text[FIGURE_TEXT_BYTES]);

/* A number of things per second, without a unit: "15,974", "98.4", "3.21", "0.000278", "0". */
char *figure_rate(double per_s, char text[FIGURE_TEXT_BYTES]);

/* The same for programs, without commas: "15974.2", "98.4", "3.21", "0.000278", "0.0". */
char *figure_plain_rate(double per_s, char text[FIGURE_TEXT_BYTES]);

/* A share of 1: "62 %", "3.1 %", "0 %". */
char *figure_percent(double share, char text[FIGURE_TEXT_BYTES]);

#endif
