/* The standard descriptors of a daemon: always open, and never waited for. */
#ifndef HELLO_STDIO_LINE_H
#define HELLO_STDIO_LINE_H

/* Open /dev/null as each of the descriptors 0, 1 and 2 that is closed, or, where it is missing, the
 * root as something that can be neither read nor written (O_PATH): so no socket takes its number
 * and is written to by mistake. To be called first in main. Returns 0 or -errno. */
int stdio_guard(void);

/* Write "program: line" and a newline to a descriptor in one write(2), if that can be done within
 * timeout_ms, whether or not the descriptor blocks; else the line is dropped: a log that nobody
 * reads must not stop the service. Lines are cut at 2048 bytes. Any thread. */
void stdio_line(int fd, int timeout_ms, const char *program, const char *line);

#endif
