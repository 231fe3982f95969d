/* Host names from the hosts file (hosts(5)). No server is ever asked: a lookup never waits, and
 * gives the same result at each start.
 *
 * Thread rule: any thread. */
#ifndef HELLO_HOST_NAME_H
#define HELLO_HOST_NAME_H

#include "net/address.h"

#define HOST_NAME_FILE          "/etc/hosts"
#define HOST_NAME_BYTES_MAX     253 /* of a name; RFC 1123 wants 255, DNS allows 253 */
#define HOST_NAME_ADDRESSES_MAX 16
#define HOST_NAME_FILE_MAX      (16u << 20) /* bytes: block lists have some millions */

/* The addresses of a name. */
struct host_addresses {
    uint32_t count;
    struct address list[HOST_NAME_ADDRESSES_MAX]; /* in file order, each once; port 0 */
};

/* True if it can be a name: letters, digits, dots, hyphens and underscores (hosts files use them,
 * though RFC 1123 does not), a letter or digit first, and at least one letter: other texts are
 * meant as addresses. */
bool host_name_is_valid(const char *text, size_t bytes);

/* Find a name in the text of a hosts file, ignoring case. A line with an invalid address is
 * ignored. Returns 0, -ENOENT (there is no such name) or -E2BIG (it has more addresses than fit
 * into the list); then outputs are unchanged. */
int host_name_find(const char *text, size_t text_bytes, const char *name, size_t name_bytes,
                   struct host_addresses *ret_addresses);

/* The same in a file. It never blocks: only a regular file is read. Returns 0, -ESRCH (there is no
 * such name), -E2BIG, -EBADF (it is not a regular file), -EFBIG (it is larger than
 * HOST_NAME_FILE_MAX) or another -errno (it cannot be read). */
int host_name_look_up(const char *path, const char *name, size_t name_bytes,
                      struct host_addresses *ret_addresses);

#endif
