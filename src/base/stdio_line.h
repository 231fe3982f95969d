/* The standard descriptors of a daemon: always open, and never block it. */
#ifndef HELLO_STDIO_LINE_H
#define HELLO_STDIO_LINE_H

/* Open the root with O_PATH (open(2)) as each of the descriptors 0, 1 and 2 that is closed. So no
 * socket gets such a number and is written to by mistake; and such a descriptor can still be
 * neither read nor written: EBADF. /dev/null would take a report, and nobody would know that it is
 * lost. Call it first in main. Returns 0 or -errno. */
int stdio_guard(void);

/* Write "program: line" and a newline to a descriptor in one write(2), if that is possible within
 * timeout_ms, whether or not the descriptor blocks; else drop the line: an unread log must not stop
 * the service. (Where no wait is possible it is written at once, and may wait, unless timeout_ms is
 * 0.) Lines are cut at 2048 bytes. Any thread. */
void stdio_line(int fd, int timeout_ms, const char *program, const char *line);

#endif
