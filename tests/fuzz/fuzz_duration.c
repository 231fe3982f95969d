#include "base/units.h"
#include "number_oracle.h"

static const struct number_unit units[] = {
    {"ns", 1},
    {"us", UINT64_C(1000)},
    {"ms", UINT64_C(1000000)},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"", 0},
    {NULL, 0},
};

static void written_durations_are_read_back(uint64_t ns)
{
    char text[UNITS_TEXT_BYTES];
    uint64_t again;

    REQUIRE(duration_format(ns, text) == text);
    REQUIRE(strlen(text) < sizeof(text));
    REQUIRE(number_check(duration_parse, text, units, &again) == (ns <= NUMBER_MAX));
    REQUIRE(ns > NUMBER_MAX || again == ns);
    REQUIRE(text[strspn(text, "0123456789")] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    uint64_t ns;

    if (text == NULL)
        return 0;
    if (number_check(duration_parse, text, units, &ns))
        written_durations_are_read_back(ns);
    if (bytes >= sizeof(ns)) {
        memcpy(&ns, data, sizeof(ns));
        written_durations_are_read_back(ns);
    }
    free(text);
    return 0;
}
