/* Names of hosts, as the hosts file has them (hosts(5)). No server is ever asked: what is found is
 * found at once, and is the same at each start.
 *
 * Thread rule: any thread. */
#ifndef HELLO_HOST_NAME_H
#define HELLO_HOST_NAME_H

#include "net/address.h"

#define HOST_NAME_FILE          "/etc/hosts"
#define HOST_NAME_BYTES_MAX     253 /* of a name; RFC 1123 asks for 255, DNS leaves 253 */
#define HOST_NAME_ADDRESSES_MAX 16
#define HOST_NAME_FILE_MAX      (16u << 20) /* bytes: lists of what to block have some millions */

/* The addresses of a name. */
struct host_addresses {
    uint32_t count;
    struct address list[HOST_NAME_ADDRESSES_MAX]; /* as the file has them, each once; port 0 */
};

/* True of what may be a name: letters, digits, dots, hyphens and underscores (which hosts files
 * have, though RFC 1123 does not), a letter or digit first, and a letter somewhere: all else was
 * meant as an address. */
bool host_name_is_valid(const char *text, size_t bytes);

/* Find a name in the text of a hosts file, upper and lower case alike. A line whose address is none
 * counts as not there. Returns 0, -ENOENT (there is no such name) or -E2BIG (it has more addresses
 * than the list takes); outputs untouched then. */
int host_name_find(const char *text, size_t text_bytes, const char *name, size_t name_bytes,
                   struct host_addresses *ret_addresses);

/* The same in a file. It waits for nothing: what is no regular file is not read. Returns 0, -ESRCH
 * (there is no such name), -E2BIG, -EBADF (it is no regular file), -EFBIG (it is larger than
 * HOST_NAME_FILE_MAX) or another -errno (it cannot be read). */
int host_name_look_up(const char *path, const char *name, size_t name_bytes,
                      struct host_addresses *ret_addresses);

#endif
