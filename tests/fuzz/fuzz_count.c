#include "base/units.h"
#include "number_oracle.h"

#include <inttypes.h>

static const struct number_unit units[] = {
    {"", 1},   {"k", UINT64_C(1000)}, {"M", UINT64_C(1000000)}, {"G", UINT64_C(1000000000)},
    {NULL, 0},
};

static void digits_are_read_back(uint64_t count)
{
    char text[32];
    uint64_t again;

    snprintf(text, sizeof(text), "%" PRIu64, count);
    REQUIRE(number_check(count_parse, text, units, &again) == (count <= NUMBER_MAX));
    REQUIRE(count > NUMBER_MAX || again == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    uint64_t count;

    if (text == NULL)
        return 0;
    if (number_check(count_parse, text, units, &count))
        digits_are_read_back(count);
    if (bytes >= sizeof(count)) {
        memcpy(&count, data, sizeof(count));
        digits_are_read_back(count);
    }
    free(text);
    return 0;
}
