/* Addresses, or host names instead, as option values. */
#include "net/host_name.h"
#include "option/option.h"

#include <errno.h>
#include <string.h>

/* Returns 0, -EINVAL (not a name, or no port after it) or -ERANGE (a port above 65535). */
static int name_parse(const char *text, struct option_address *value)
{
    struct option_address named = {.address.sa.sa_family = AF_UNSPEC};
    struct address_parts parts;
    uint16_t port = 0;
    int result = address_split(text, &parts);

    if (result < 0)
        return result;
    if (parts.is_v6 || !host_name_is_valid(parts.host, parts.host_bytes))
        return -EINVAL;
    result = parts.port ? port_parse(parts.port, &port) : 0;
    if (result < 0)
        return result;
    address_set_port(&named.address, port);
    named.has_port = parts.port != NULL;
    named.name = parts.host;
    named.name_bytes = parts.host_bytes;
    *value = named;
    return 0;
}

static int address_kind_parse(const struct option_row *row, const char *text, void *field,
                              char *problem, size_t problem_bytes)
{
    struct option_address *value = field, numeric = {.name = NULL};
    char meant[ADDRESS_MEANT_BYTES];
    uint16_t port;
    int result;

    (void)row;
    if (address_doubt(text, meant) == ADDRESS_NEEDS_BRACKETS) {
        snprintf(problem, problem_bytes,
                 "did you mean '%s'? an IPv6 address needs brackets before a port", meant);
        return -EINVAL;
    }
    if (port_parse(text[0] == ':' ? text + 1 : text, &port) == 0) {
        snprintf(
            problem, problem_bytes,
            "is a port without an address; did you mean '127.0.0.1:%u', or '[::]:%u', which is "
            "every address?",
            port, port);
        return -EINVAL;
    }
    result = address_parse(text, &numeric.address, &numeric.has_port);
    if (result == 0)
        *value = numeric;
    if (result == -EINVAL)
        result = name_parse(text, value);
    if (result == -ERANGE)
        snprintf(problem, problem_bytes, "the port must be 0 to 65535");
    else if (result < 0)
        snprintf(
            problem, problem_bytes,
            "must be ADDR, ADDR:PORT or [V6]:PORT, such as 127.0.0.1:1848 or [::1]; a name may "
            "stand for ADDR");
    return result;
}

static void address_kind_format(const struct option_row *row, const void *field, FILE *out)
{
    const struct option_address *value = field;
    char text[ADDRESS_TEXT_BYTES];

    (void)row;
    if (value->address.sa.sa_family == AF_UNSPEC) { /* not looked up; or not set: no name */
        fprintf(out, "%.*s", (int)value->name_bytes, value->name ? value->name : "");
        if (value->has_port)
            fprintf(out, ":%u", address_port(&value->address));
        return;
    }
    address_format(&value->address, text);
    if (!value->has_port)
        *strrchr(text, ':') = '\0';
    fputs(text, out);
}

const struct option_kind option_address = {.takes_value = true,
                                           .value_bytes = sizeof(struct option_address),
                                           .parse = address_kind_parse,
                                           .format = address_kind_format};
