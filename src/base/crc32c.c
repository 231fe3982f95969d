#include "base/crc32c.h"

/* What four bits add (the polynomial 0x1edc6f41, the lowest bit first). */
static const uint32_t nibbles[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c(uint32_t before, const void *data, size_t bytes)
{
    const unsigned char *at = data, *end = at + bytes;
    uint32_t crc = ~before;

    for (; at < end; at++) {
        crc ^= *at;
        crc = nibbles[crc & 15] ^ (crc >> 4);
        crc = nibbles[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}
