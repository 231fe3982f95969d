#include "base/units.h"
#include "number_oracle.h"

static const struct number_unit units[] = {
    {"", 1},   {"k", UINT64_C(1000)}, {"M", UINT64_C(1000000)}, {"G", UINT64_C(1000000000)},
    {NULL, 0},
};

/* What stands after the slash; 0: nothing that is known. */
static uint64_t period_expected(const char *name)
{
    if (strcmp(name, "s") == 0)
        return NS_PER_S;
    if (strcmp(name, "m") == 0)
        return 60 * NS_PER_S;
    return strcmp(name, "h") == 0 ? 3600 * NS_PER_S : 0;
}

static void rate_is_read_back(uint64_t count, uint64_t period_ns)
{
    char text[UNITS_TEXT_BYTES];
    uint64_t again, again_ns;

    REQUIRE(rate_format(count, period_ns, text) == text && strlen(text) < sizeof(text));
    REQUIRE(rate_parse(text, &again, &again_ns) == (count <= NUMBER_MAX ? 0 : -ERANGE));
    REQUIRE(count > NUMBER_MAX || (again == count && again_ns == period_ns));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = fuzz_text(data, bytes);
    uint64_t count = NUMBER_UNTOUCHED, period_ns = NUMBER_UNTOUCHED, expected = NUMBER_UNTOUCHED;
    uint64_t expected_ns = NS_PER_S;

    if (text == NULL)
        return 0;
    int result = rate_parse(text, &count, &period_ns);
    char *slash = strchr(text, '/');
    if (slash != NULL) {
        expected_ns = period_expected(slash + 1);
        *slash = '\0';
    }
    int expected_result = number_expected(text, units, &expected);
    if (expected_ns == 0)
        expected_result = -EINVAL;
    REQUIRE(result == expected_result);
    REQUIRE(count == (result == 0 ? expected : NUMBER_UNTOUCHED));
    REQUIRE(period_ns == (result == 0 ? expected_ns : NUMBER_UNTOUCHED));
    if (result == 0)
        rate_is_read_back(count, period_ns);
    if (bytes >= sizeof(count)) {
        memcpy(&count, data, sizeof(count));
        rate_is_read_back(count, 60 * NS_PER_S);
    }
    free(text);
    return 0;
}
