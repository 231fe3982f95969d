#include "fuzz_target.h"
#include "generator/target.h"

#include <errno.h>

static void the_error_is_one_printable_line(const char *error)
{
    REQUIRE(*error != '\0' && memchr(error, '\0', OPTION_ERROR_BYTES) != NULL);
    for (; *error != '\0'; error++)
        REQUIRE(*error >= ' ' && *error <= '~');
}

/* Byte by byte: nothing at all may have been written. */
static bool same(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct target)) == 0;
}

/* Each part as the text itself shows it. */
static void parts_follow_the_text(const char *text, const struct target *target, bool is_numeric)
{
    const char *equals = strrchr(text, '=');
    uint16_t port = address_port(&target->address);
    char port_text[8];

    REQUIRE(strstr(text, target->host) != NULL && target->host[0] != '\0');
    REQUIRE(target->weight >= 1 && target->weight <= TARGET_WEIGHT_MAX);
    REQUIRE(equals != NULL || target->weight == 1);
    REQUIRE(port != 0);
    snprintf(port_text, sizeof(port_text), "%u", port);
    REQUIRE(port == LOAD_DEFAULT_PORT || strstr(text, port_text) != NULL);
    REQUIRE(strchr(target->host, ':') == NULL || is_numeric);
    REQUIRE(target->address.sa.sa_family == AF_INET || is_numeric);
}

/* A target of the same parts, written in full, is the same target. */
static void target_is_read_back(const struct target *target, bool is_numeric)
{
    char text[400], error[OPTION_ERROR_BYTES];
    struct target again;
    bool again_is_numeric;
    bool brackets = strchr(target->host, ':') != NULL;

    snprintf(text, sizeof(text), "%s%s%s:%u=%u", brackets ? "[" : "", target->host,
             brackets ? "]" : "", address_port(&target->address), target->weight);
    REQUIRE(target_parse(text, &again, &again_is_numeric, error) == 0);
    REQUIRE(again_is_numeric == is_numeric && again.weight == target->weight);
    REQUIRE(strcmp(again.host, target->host) == 0);
    REQUIRE(memcmp(&again.address, &target->address, address_bytes(&target->address)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    char error[OPTION_ERROR_BYTES];
    struct target target, untouched;
    bool is_numeric = false;

    if (text == NULL)
        return 0;
    memset(error, 0x5a, sizeof(error));
    memset(&untouched, 0x5a, sizeof(untouched));
    target = untouched;
    int result = target_parse(text, &target, &is_numeric, error);
    REQUIRE(result == 0 || result == -EINVAL);
    if (result == 0) {
        parts_follow_the_text(text, &target, is_numeric);
        target_is_read_back(&target, is_numeric);
    } else {
        REQUIRE(same(&target, &untouched) && !is_numeric);
        the_error_is_one_printable_line(error);
    }
    free(text);
    return 0;
}
