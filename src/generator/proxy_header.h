/* The header that a proxy sends first on a connection to name the client behind it: PROXY protocol,
 * version 1 (a line of text) and 2 (binary), by HAProxy's specification proxy-protocol.txt. */
#ifndef HELLO_PROXY_HEADER_H
#define HELLO_PROXY_HEADER_H

#include "generator/config.h"
#include "net/address.h"

#include <stdint.h>

#define PROXY_HEADER_BYTES_MAX 107 /* the longest of version 1; version 2 needs at most 52 */

/* Write the header for a connection between two addresses of the same family; an IPv4-mapped pair
 * counts as IPv4. Returns its length in bytes: 0 for LOAD_PROXY_NONE. Any thread. */
uint32_t proxy_header_write(enum load_proxy_protocol version, const struct address *from,
                            const struct address *to, unsigned char header[PROXY_HEADER_BYTES_MAX]);

#endif
