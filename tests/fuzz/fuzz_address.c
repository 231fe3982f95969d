#include "fuzz_target.h"
#include "net/address.h"

#include <errno.h>

/* Byte by byte, padding too: an outcome must not depend on what the memory held before. */
static bool same(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address)) == 0;
}

static int parse_checked(const char *text, struct address *ret_address, bool *ret_has_port)
{
    struct address untouched;
    struct address address;
    bool has_port[2] = {false, true};

    memset(&untouched, 0x5a, sizeof(untouched));
    address = untouched;
    int result = address_parse(text, &address, &has_port[0]);
    REQUIRE(result == 0 || result == -EINVAL || result == -ERANGE);
    if (result != 0) {
        REQUIRE(same(&address, &untouched));
        REQUIRE(address_parse(text, &address, &has_port[1]) == result);
        REQUIRE(!has_port[0] && has_port[1]);
        return result;
    }
    *ret_address = address;
    *ret_has_port = has_port[0];
    return 0;
}

/* Family and port as the text itself shows them. */
static void outcome_follows_the_text(const char *text, const struct address *address, bool has_port)
{
    const char *first_colon = strchr(text, ':');
    const char *last_colon = strrchr(text, ':');
    bool is_v6 = text[0] == '[' || first_colon != last_colon;
    bool with_port = text[0] == '[' ? text[strlen(text) - 1] != ']' : !is_v6 && last_colon != NULL;

    REQUIRE((address->sa.sa_family == AF_INET6) == is_v6);
    REQUIRE(has_port == with_port);
    REQUIRE(address_port(address) == (with_port ? strtoul(last_colon + 1, NULL, 10) : 0));
    REQUIRE(!is_v6 || (strchr(text, '%') != NULL) == (address->v6.sin6_scope_id != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    struct address address;
    struct address again;
    bool has_port;

    if (text == NULL)
        return 0;
    if (parse_checked(text, &address, &has_port) == 0) {
        char written[ADDRESS_TEXT_BYTES];
        bool is_v4 = address.sa.sa_family == AF_INET;
        bool written_has_port;

        REQUIRE(is_v4 || address.sa.sa_family == AF_INET6);
        REQUIRE(address_bytes(&address) == (is_v4 ? sizeof(address.v4) : sizeof(address.v6)));
        outcome_follows_the_text(text, &address, has_port);
        REQUIRE(!is_v4 || strcmp(address_family_name(&address), "ipv4") == 0);

        REQUIRE(address_format(&address, written) == written);
        REQUIRE(strlen(written) < sizeof(written));
        REQUIRE(parse_checked(written, &again, &written_has_port) == 0);
        REQUIRE(written_has_port && same(&address, &again));

        address_set_port(&again, 65535);
        REQUIRE(address_port(&again) == 65535);
        REQUIRE(address_is_any(&again) == address_is_any(&address));
    }
    free(text);
    return 0;
}
