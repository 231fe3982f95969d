/* What the reference responders share: the greeting, and a dual-stack listener on the port that is
 * given as the only argument. */
#ifndef HELLO_REFERENCE_LISTEN_H
#define HELLO_REFERENCE_LISTEN_H

#define REFERENCE_GREETING "hello\n"

#include <sys/socket.h>

/* Listen on [::] and the port in argv[1], with the longest accept queue that there is. `flags` as
 * for socket(2). Returns the socket; prints why and exits if there is none. */
int reference_listen(int argc, char **argv, int flags);

/* Print what failed, with the reason in errno, and exit. */
void reference_die(const char *program, const char *what);

#endif
