/* Who holds a port that cannot be bound. */
#ifndef HELLO_PORT_HOLDER_H
#define HELLO_PORT_HOLDER_H

#include "net/address.h"

#include <stdbool.h>

#include <sys/types.h>

enum port_holder_kind {
    PORT_HOLDER_UNKNOWN,    /* no holder was found */
    PORT_HOLDER_TIME_WAIT,  /* an ended connection, until TIME-WAIT is over */
    PORT_HOLDER_CONNECTION, /* a connection, to `peer` */
    PORT_HOLDER_LISTENER,
};

struct port_holder {
    enum port_holder_kind kind;
    struct address peer;
    pid_t pid;     /* of a process that has it open; 0: none is visible */
    char name[64]; /* of that process, with C escapes (base/escape.h) */
    bool gone;     /* no visible process has it open any more: the kernel is about to free it */
};

/* Find what prevents binding to this address and port; a listener before a connection. It reads all
 * of /proc. */
void port_holder_find(const struct address *address, struct port_holder *ret_holder);

#endif
