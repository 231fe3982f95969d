/* Advice for an address on which listening fails. */
#ifndef HELLO_LISTEN_ADVICE_H
#define HELLO_LISTEN_ADVICE_H

#include "net/address.h"
#include "net/port_holder.h"

#define LISTEN_ADVICE_BYTES 320

/* Advice for an errno of socket(2), bind(2) or listen(2); for EADDRINUSE it names the holder of the
 * port. `replaceable` is the name of the program that this one can take over from; NULL: it cannot.
 * Returns text. */
char *listen_advice(const struct address *address, int error, const struct port_holder *holder,
                    const char *replaceable, char text[LISTEN_ADVICE_BYTES]);

#endif
