#include "base/units.h"
#include "number_properties.h"

static void written_durations_are_read_back(uint64_t ns)
{
    char text[UNITS_TEXT_BYTES];
    uint64_t again;

    REQUIRE(duration_format(ns, text) == text);
    REQUIRE(strlen(text) < sizeof(text));
    int result = number_parse_checked(duration_parse, text, &again);
    REQUIRE(result == (ns <= NUMBER_MAX ? 0 : -ERANGE));
    REQUIRE(result != 0 || again == ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    uint64_t ns;

    if (text == NULL)
        return 0;
    int result = number_parse_checked(duration_parse, text, &ns);
    number_ignores_leading_zero(duration_parse, text, result, ns);
    number_ignores_trailing_zero(duration_parse, text, result, ns);
    if (result == 0)
        written_durations_are_read_back(ns);
    if (bytes >= sizeof(ns)) {
        memcpy(&ns, data, sizeof(ns));
        written_durations_are_read_back(ns);
    }
    free(text);
    return 0;
}
