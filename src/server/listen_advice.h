/* What to do about an address that cannot be listened on. */
#ifndef HELLO_LISTEN_ADVICE_H
#define HELLO_LISTEN_ADVICE_H

#include "net/address.h"
#include "net/port_holder.h"

#define LISTEN_ADVICE_BYTES 320

/* Advice for an errno of socket(2), bind(2) or listen(2); for EADDRINUSE by who holds the port.
 * Returns text. */
char *listen_advice(const struct address *address, int error, const struct port_holder *holder,
                    char text[LISTEN_ADVICE_BYTES]);

#endif
