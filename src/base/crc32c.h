/* CRC32C, the checksum of iSCSI (RFC 3720, appendix B.4) and of the PROXY protocol.
 *
 * Thread rule: pure functions, so any thread. */
#ifndef HELLO_CRC32C_H
#define HELLO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of some bytes, continued from `before`: that of the bytes before, 0 for none. */
uint32_t crc32c(uint32_t before, const void *data, size_t bytes);

#endif
