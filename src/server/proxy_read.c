#include "server/proxy_read.h"

#include "base/crc32c.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

static const unsigned char line_start[] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const unsigned char signature[] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                          '\n', 'Q',  'U',  'I',  'T',  '\n'};

#define FIXED_BYTES 16u /* of version 2: the signature, version and command, family, length */
#define TLV_CRC32C  0x03

/* Compare the beginning, as far as it has come. */
static bool begins_like(const unsigned char *data, size_t bytes, const unsigned char *start,
                        size_t start_bytes)
{
    return memcmp(data, start, bytes < start_bytes ? bytes : start_bytes) == 0;
}

/* Take the next word of a line, up to a space or the end; *text becomes NULL behind the last. */
static const char *word_take(char **text)
{
    return *text ? strsep(text, " ") : "";
}

/* A port: digits without leading zeros. */
static bool port_read(const char *word, uint16_t *ret_port)
{
    size_t digits = strspn(word, "0123456789");
    unsigned long port;

    if (digits == 0 || digits > 5 || word[digits] != '\0' || (word[0] == '0' && digits > 1))
        return false;
    port = strtoul(word, NULL, 10);
    *ret_port = (uint16_t)port;
    return port <= UINT16_MAX;
}

/* A numeric address; inet_pton(3) takes no leading zeros for IPv4. */
static bool host_read(const char *word, int family, struct address *ret_address)
{
    *ret_address = (struct address){0};
    ret_address->sa.sa_family = (sa_family_t)family;
    return inet_pton(family, word,
                     family == AF_INET ? (void *)&ret_address->v4.sin_addr
                                       : (void *)&ret_address->v6.sin6_addr) == 1;
}

/* Section 2.1: what follows "PROXY ", without the CRLF. */
static bool line_read(char *text, struct proxy_read *read)
{
    const char *family_name = word_take(&text);
    bool is_v4 = strcmp(family_name, "TCP4") == 0;
    uint16_t from_port = 0, to_port = 0;
    struct address from, to;

    if (strcmp(family_name, "UNKNOWN") == 0)
        return true; /* the rest is to be ignored */
    if (!is_v4 && strcmp(family_name, "TCP6") != 0)
        return false;
    if (!host_read(word_take(&text), is_v4 ? AF_INET : AF_INET6, &from) ||
        !host_read(word_take(&text), is_v4 ? AF_INET : AF_INET6, &to) ||
        !port_read(word_take(&text), &from_port) || !port_read(word_take(&text), &to_port) || text)
        return false;
    address_set_port(&from, from_port);
    address_set_port(&to, to_port);
    read->from = from;
    read->to = to;
    read->has_addresses = true;
    return true;
}

static enum proxy_read_end version_1_read(const unsigned char *data, size_t bytes,
                                          struct proxy_read *read)
{
    size_t seen_bytes = bytes < PROXY_LINE_BYTES_MAX ? bytes : PROXY_LINE_BYTES_MAX;
    char text[PROXY_LINE_BYTES_MAX + 1] = "";
    size_t at = sizeof(line_start), line_bytes;

    while (at < seen_bytes && data[at] != '\r' && data[at] != '\n' && data[at] != '\0')
        at++;
    if (at + 1 >= seen_bytes && (at == seen_bytes || data[at] == '\r')) {
        read->bytes = (uint32_t)bytes + 1;
        return seen_bytes < PROXY_LINE_BYTES_MAX ? PROXY_READ_MORE : PROXY_READ_BAD;
    }
    if (data[at] != '\r' || data[at + 1] != '\n')
        return PROXY_READ_BAD;
    line_bytes = at - sizeof(line_start);
    memcpy(text, data + sizeof(line_start), line_bytes);
    read->bytes = (uint32_t)at + 2;
    return line_read(text, read) ? PROXY_READ_HEADER : PROXY_READ_BAD;
}

static size_t number_read(const unsigned char *data)
{
    return (size_t)data[0] << 8 | data[1];
}

/* The checksum is over the whole header, its own four bytes being zero. */
static bool crc_is_right(const unsigned char *data, size_t bytes, size_t crc_at)
{
    static const unsigned char zeros[4];
    uint32_t crc = crc32c(0, data, crc_at);

    crc = crc32c(crc, zeros, sizeof(zeros));
    crc = crc32c(crc, data + crc_at + 4, bytes - crc_at - 4);
    return crc == ((uint32_t)number_read(data + crc_at) << 16 | number_read(data + crc_at + 2));
}

/* Section 2.2: type-length-value vectors from `at` to the end of the header. */
static bool tlvs_are_right(const unsigned char *data, size_t bytes, size_t at)
{
    bool has_crc = false;

    while (at < bytes) {
        size_t value_bytes;

        if (bytes - at < 3)
            return false;
        value_bytes = number_read(data + at + 1);
        if (bytes - at - 3 < value_bytes)
            return false;
        if (data[at] == TLV_CRC32C) {
            if (has_crc || value_bytes != 4 || !crc_is_right(data, bytes, at + 3))
                return false;
            has_crc = true;
        }
        at += 3 + value_bytes;
    }
    return true;
}

/* Both addresses and both ports; `size` is that of an address. */
static void addresses_read(const unsigned char *data, int family, size_t size,
                           struct proxy_read *read)
{
    read->from = read->to = (struct address){0};
    read->from.sa.sa_family = read->to.sa.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        memcpy(&read->from.v4.sin_addr, data, size);
        memcpy(&read->to.v4.sin_addr, data + size, size);
    } else {
        memcpy(&read->from.v6.sin6_addr, data, size);
        memcpy(&read->to.v6.sin6_addr, data + size, size);
    }
    address_set_port(&read->from, (uint16_t)number_read(data + 2 * size));
    address_set_port(&read->to, (uint16_t)number_read(data + 2 * size + 2));
    read->has_addresses = true;
}

/* The header, all of whose bytes are there. */
static bool version_2_is_right(const unsigned char *data, struct proxy_read *read)
{
    static const size_t address_bytes[] = {0, 2 * 4 + 4, 2 * 16 + 4, 2 * 108}; /* of each family */
    unsigned command = data[12] & 0xf, family = data[13] >> 4, protocol = data[13] & 0xf;

    if (command == 0) /* LOCAL: whatever follows is to be skipped */
        return true;
    if (command != 1 || family > 3 || protocol > 2 ||
        read->bytes < FIXED_BYTES + address_bytes[family] ||
        !tlvs_are_right(data, read->bytes, FIXED_BYTES + address_bytes[family]))
        return false;
    if (protocol == 1 && (family == 1 || family == 2))
        addresses_read(data + FIXED_BYTES, family == 1 ? AF_INET : AF_INET6, family == 1 ? 4 : 16,
                       read);
    return true;
}

static enum proxy_read_end version_2_read(const unsigned char *data, size_t bytes,
                                          struct proxy_read *read)
{
    if (bytes > sizeof(signature) && data[12] >> 4 != 2)
        return PROXY_READ_BAD;
    read->bytes = FIXED_BYTES;
    if (bytes < FIXED_BYTES)
        return PROXY_READ_MORE;
    read->bytes += (uint32_t)number_read(data + 14);
    if (bytes < read->bytes)
        return PROXY_READ_MORE;
    return version_2_is_right(data, read) ? PROXY_READ_HEADER : PROXY_READ_BAD;
}

enum proxy_read_end proxy_read(const void *data, size_t bytes, struct proxy_read *ret_read)
{
    struct proxy_read read = {.bytes = sizeof(line_start)};
    enum proxy_read_end end = PROXY_READ_MORE;

    if (begins_like(data, bytes, line_start, sizeof(line_start))) {
        if (bytes >= sizeof(line_start))
            end = version_1_read(data, bytes, &read);
    } else if (begins_like(data, bytes, signature, sizeof(signature))) {
        end = version_2_read(data, bytes, &read);
    } else {
        return PROXY_READ_NONE;
    }
    if (end == PROXY_READ_MORE || end == PROXY_READ_HEADER)
        *ret_read = read;
    return end;
}
