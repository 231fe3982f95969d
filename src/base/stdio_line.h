/* The standard descriptors of a daemon: always open, and never waited for. */
#ifndef HELLO_STDIO_LINE_H
#define HELLO_STDIO_LINE_H

/* Open /dev/null as each of the descriptors 0, 1 and 2 that is closed, so that no socket takes its
 * number and is written to by mistake. To be called first in main. Returns 0 or -errno. */
int stdio_guard(void);

/* Hand over all that was printed to stdout. Returns 0, or -errno if any of it got lost. */
int stdio_flush(void);

/* Write "program: line" and a newline to a descriptor in one write(2), if that can be done within
 * timeout_ms; else the line is dropped: a log that nobody reads must not stop the service. Lines
 * are cut at 512 bytes. Any thread. */
void stdio_line(int fd, int timeout_ms, const char *program, const char *line);

#endif
