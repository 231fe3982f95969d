#include "base/units.h"
#include "number_properties.h"

#include <inttypes.h>

static void digits_are_read_back(uint64_t count)
{
    char text[32];
    uint64_t again;

    snprintf(text, sizeof(text), "%" PRIu64, count);
    int result = number_parse_checked(count_parse, text, &again);
    REQUIRE(result == (count <= NUMBER_MAX ? 0 : -ERANGE));
    REQUIRE(result != 0 || again == count);
}

/* Without a unit, "2.5" is no count and "2500" is; "2.5k" must be the latter. */
static void a_unit_moves_the_point(const char *text, int result, uint64_t count)
{
    char moved[FUZZ_TEXT_BYTES + 2];
    uint64_t again;
    size_t digits = strspn(text, "0123456789");

    if (result != 0 || strcmp(text + digits, "k") != 0)
        return;
    snprintf(moved, sizeof(moved), "%.*s000", (int)digits, text);
    if (digits + 3 < sizeof(moved)) {
        REQUIRE(number_parse_checked(count_parse, moved, &again) == 0);
        REQUIRE(again == count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    uint64_t count;

    if (text == NULL)
        return 0;
    int result = number_parse_checked(count_parse, text, &count);
    number_ignores_leading_zero(count_parse, text, result, count);
    number_ignores_trailing_zero(count_parse, text, result, count);
    a_unit_moves_the_point(text, result, count);
    if (result == 0)
        digits_are_read_back(count);
    if (bytes >= sizeof(count)) {
        memcpy(&count, data, sizeof(count));
        digits_are_read_back(count);
    }
    free(text);
    return 0;
}
