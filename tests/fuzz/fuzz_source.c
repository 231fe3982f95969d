#include "fuzz_target.h"
#include "generator/source.h"

#include <errno.h>

static void the_error_is_one_printable_line(const char *error)
{
    REQUIRE(*error != '\0' && memchr(error, '\0', OPTION_ERROR_BYTES) != NULL);
    for (; *error != '\0'; error++)
        REQUIRE(*error >= ' ' && *error <= '~');
}

static bool same(struct address a, struct address b)
{
    return memcmp(&a, &b, address_bytes(&a)) == 0;
}

/* The address as a number: all of IPv4, the last 64 bits of IPv6. */
static uint64_t number_of(struct address address)
{
    const unsigned char *data = address.v6.sin6_addr.s6_addr + 8;
    uint64_t number = 0;

    if (address.sa.sa_family == AF_INET)
        return ntohl(address.v4.sin_addr.s_addr);
    for (int i = 0; i < 8; i++)
        number = number << 8 | data[i];
    return number;
}

/* Going down the list of a family by turns gives each entry's addresses, one after the other. */
static void turns_go_down_the_list(const struct sources *sources, int family, uint64_t total)
{
    uint64_t turn = 0;

    REQUIRE(sources_apply_to(sources, family) == (total > 0));
    for (uint32_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];

        REQUIRE(source->count >= 1 && address_port(&source->first) == 0);
        if (source->first.sa.sa_family != family || turn >= total)
            continue;
        REQUIRE(same(sources_address(sources, turn, family), source->first));
        if (total - turn >= source->count && total != UINT64_MAX) {
            struct address last = sources_address(sources, turn + source->count - 1, family);

            REQUIRE(number_of(last) - number_of(source->first) == source->count - 1);
        }
        turn = total - turn < source->count ? total : turn + source->count;
    }
    REQUIRE(turn == total);
    if (total > 0 && total != UINT64_MAX)
        REQUIRE(same(sources_address(sources, total, family), sources_address(sources, 0, family)));
}

static uint32_t entries_of(const char *text)
{
    uint32_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct sources sources;
    char error[OPTION_ERROR_BYTES];
    char *text = fuzz_text(data, bytes);

    if (text == NULL)
        return 0;
    memset(error, 0x5a, sizeof(error));
    memset(&sources, 0x5a, sizeof(sources));
    int result = sources_parse(&sources, text, error);
    REQUIRE(result == 0 || result == -EINVAL);
    if (result == 0) {
        REQUIRE(sources.count == entries_of(text) && sources.count <= SOURCES_MAX);
        turns_go_down_the_list(&sources, AF_INET, sources.ipv4_count);
        turns_go_down_the_list(&sources, AF_INET6, sources.ipv6_count);
    } else {
        the_error_is_one_printable_line(error);
    }
    free(text);
    return 0;
}
