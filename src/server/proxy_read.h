/* Reads the header that a proxy sends first to name the client behind it: PROXY protocol, version 1
 * (a line of text) and 2 (binary), by HAProxy's specification proxy-protocol.txt. It keeps nothing:
 * it is given all bytes from the start of the connection each time, as MSG_PEEK delivers them.
 *
 * Thread rule: pure functions, so any thread. */
#ifndef HELLO_PROXY_READ_H
#define HELLO_PROXY_READ_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest header of version 1, and of version 2. */
#define PROXY_LINE_BYTES_MAX    107u
#define PROXY_HEADER_BYTES_MOST (16u + UINT16_MAX)

enum proxy_read_end {
    PROXY_READ_MORE,   /* it is a header so far; wait for `bytes` in all */
    PROXY_READ_HEADER, /* it is one, of `bytes`; what follows is the client's */
    PROXY_READ_NONE,   /* it does not begin like one */
    PROXY_READ_BAD,    /* it begins like one, and is wrong */
};

struct proxy_read {
    uint32_t bytes;
    bool has_addresses; /* false: the proxy speaks for itself (LOCAL, such as its health checks), or
                           does not say for whom (UNKNOWN, UNSPEC, Unix sockets, UDP) */
    struct address from, to; /* of the client's connection to the proxy */
};

/* Read what has come so far. *ret_read is valid for PROXY_READ_MORE (bytes) and PROXY_READ_HEADER
 * (all of it). Version 1 is taken strictly: one space, one CRLF, no leading zeros. Of version 2,
 * TLVs must fit into the header and are skipped; a CRC32C among them must be right (2.2.3). */
enum proxy_read_end proxy_read(const void *data, size_t bytes, struct proxy_read *ret_read);

#endif
