/* The input is a name, a line break, and a hosts file. */
#include "fuzz_target.h"
#include "net/host_name.h"

#include <errno.h>
#include <strings.h>

#include <arpa/inet.h>

/* Byte by byte, padding too. */
static bool same(const void *a, const void *b, size_t bytes)
{
    return memcmp(a, b, bytes) == 0;
}

static int find(const char *text, size_t bytes, const char *name, struct host_addresses *found)
{
    struct host_addresses untouched;
    int result;

    memset(&untouched, 0x5a, sizeof(untouched));
    *found = untouched;
    result = host_name_find(text, bytes, name, strlen(name), found);
    REQUIRE(result == 0 || result == -ENOENT || result == -E2BIG);
    REQUIRE(result == 0 || same(found, &untouched, sizeof(untouched)));
    return result;
}

static bool is_listed(const struct host_addresses *found, const struct address *address)
{
    for (uint32_t i = 0; i < found->count; i++) {
        if (same(&found->list[i], address, sizeof(*address)))
            return true;
    }
    return false;
}

/* The first word of a line as the C library's own parsers see it. Returns true if it is an address
 * without a scope. */
static bool plain_address(const char *word, struct address *address)
{
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, word, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        return true;
    }
    address->v6.sin6_family = AF_INET6;
    return inet_pton(AF_INET6, word, &address->v6.sin6_addr) == 1;
}

/* The same once more, in the words of strtok(3): each line that has the name gives its address. */
static void lines_are_found(char *text, const char *name, int result,
                            const struct host_addresses *found)
{
    uint32_t lines = 0;
    bool has_scope = false;
    char *next;

    for (char *line = text; line != NULL; line = next) {
        struct address address;
        char *rest = NULL, *first, *word;

        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        first = strtok_r(line, " \t\v\f\r", &rest);
        do
            word = strtok_r(NULL, " \t\v\f\r", &rest);
        while (first != NULL && word != NULL && strcasecmp(word, name) != 0);
        if (first == NULL || word == NULL)
            continue;
        has_scope |= strchr(first, '%') != NULL;
        if (!plain_address(first, &address))
            continue;
        lines++;
        REQUIRE(result != -ENOENT);
        REQUIRE(result != 0 || is_listed(found, &address));
    }
    REQUIRE(has_scope || (lines == 0) == (result == -ENOENT));
    REQUIRE(has_scope || result != 0 || found->count <= lines);
}

static void addresses_are_sound(const struct host_addresses *found)
{
    REQUIRE(found->count >= 1 && found->count <= HOST_NAME_ADDRESSES_MAX);
    for (uint32_t i = 0; i < found->count; i++) {
        const struct address *address = &found->list[i];

        REQUIRE(address->sa.sa_family == AF_INET || address->sa.sa_family == AF_INET6);
        REQUIRE(address_port(address) == 0);
        for (uint32_t j = 0; j < i; j++)
            REQUIRE(!same(address, &found->list[j], sizeof(*address)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct host_addresses found, again;
    char *text = fuzz_text(data, bytes), *hosts, *twice;
    size_t hosts_bytes;
    int result;

    if (text == NULL)
        return 0;
    hosts = memchr(text, '\n', bytes);
    if (hosts == NULL || !host_name_is_valid(text, (size_t)(hosts - text))) {
        free(text);
        return 0;
    }
    *hosts++ = '\0';
    hosts_bytes = bytes - (size_t)(hosts - text);
    /* As long as it must be, and without an end, as a file has none. */
    twice = malloc(2 * hosts_bytes + 1);
    REQUIRE(twice != NULL);
    memcpy(twice, hosts, hosts_bytes);
    twice[hosts_bytes] = '\n';
    memcpy(twice + hosts_bytes + 1, hosts, hosts_bytes);

    result = find(hosts, hosts_bytes, text, &found);
    if (result == 0)
        addresses_are_sound(&found);
    REQUIRE(find(twice, 2 * hosts_bytes + 1, text, &again) == result);
    REQUIRE(same(&found, &again, sizeof(found)));
    if (memchr(hosts, '\0', hosts_bytes) == NULL)
        lines_are_found(hosts, text, result, &found);
    free(twice);
    free(text);
    return 0;
}
