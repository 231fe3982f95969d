#include "server/listen_name.h"

#include "base/escape.h"
#include "host/platform.h"
#include "net/route.h"
#include "option/option_environment.h"
#include "server/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_BYTES 96 /* the part of a name that is shown */
#define SHOWN_MAX   3  /* for its addresses */

#define PROBLEM_BYTES 256

static bool ipv6_is_off(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_off = fd < 0 && errno == EAFNOSUPPORT;

    if (fd >= 0)
        close(fd);
    return is_off || platform_ipv6_is_off();
}

/* Returns the index of the first address of a family, or the count. */
static uint32_t family_find(const struct host_addresses *addresses, int family)
{
    uint32_t i = 0;

    while (i < addresses->count && addresses->list[i].sa.sa_family != family)
        i++;
    return i;
}

/* Returns the index of the address to use. */
static uint32_t address_choose(const struct host_addresses *addresses, bool without_ipv6)
{
    uint32_t ipv4 = family_find(addresses, AF_INET), ipv6 = family_find(addresses, AF_INET6);

    if (ipv6 == addresses->count || (without_ipv6 && ipv4 < addresses->count))
        return ipv4;
    return ipv6;
}

/* "[::1]" or "127.0.0.1". */
static char *address_without_port(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    *strrchr(address_format(address, text), ':') = '\0';
    return text;
}

/* Say which addresses are left out. */
static void notice_write(const struct host_addresses *addresses, uint32_t taken, const char *name,
                         bool without_ipv6, struct listen_name *said)
{
    char *notice = said->notice, text[ADDRESS_TEXT_BYTES];
    const size_t size = sizeof(said->notice); /* more than all of this can be long */
    bool since_off = without_ipv6 && family_find(addresses, AF_INET6) < addresses->count;
    uint32_t shown = 0;
    int used = snprintf(notice, size, "'%s' is taken as %s%s; in %s it is also ", name,
                        address_without_port(&addresses->list[taken], text),
                        since_off ? ", as IPv6 is off" : "", HOST_NAME_FILE);

    for (uint32_t i = 0; i < addresses->count && shown < SHOWN_MAX; i++) {
        if (i == taken)
            continue;
        used += snprintf(notice + used, size - (size_t)used, "%s%s", shown++ > 0 ? ", " : "",
                         address_without_port(&addresses->list[i], text));
    }
    if (addresses->count - 1 > shown)
        used += snprintf(notice + used, size - (size_t)used, " and %u more",
                         addresses->count - 1 - shown);
    snprintf(notice + used, size - (size_t)used,
             "; give the address that is meant, or [::] for all");
}

/* Report what is wrong with a name, and what to do. */
static void problem_write(int result, char problem[PROBLEM_BYTES])
{
    switch (result) {
    case -ESRCH:
        snprintf(problem, PROBLEM_BYTES,
                 "no such name in %s, and names are looked up only there; add it there, or give "
                 "an address, such as 127.0.0.1:1848 or [::1]",
                 HOST_NAME_FILE);
        break;
    case -E2BIG:
        snprintf(problem, PROBLEM_BYTES,
                 "has more than %d addresses in %s; give the one that is meant",
                 HOST_NAME_ADDRESSES_MAX, HOST_NAME_FILE);
        break;
    case -EBADF:
        snprintf(problem, PROBLEM_BYTES,
                 "%s is not a regular file; replace it by one, or give an address", HOST_NAME_FILE);
        break;
    case -EFBIG:
        snprintf(problem, PROBLEM_BYTES, "%s has more than %u MiB; shorten it, or give an address",
                 HOST_NAME_FILE, HOST_NAME_FILE_MAX >> 20);
        break;
    default:
        snprintf(problem, PROBLEM_BYTES, "cannot read %s: %s; make it readable, or give an address",
                 HOST_NAME_FILE, strerror(-result));
    }
}

/* The variable that an option comes from; NULL: the command line. */
static const char *variable_name(size_t row, enum option_source source,
                                 char name[OPTION_NAME_BYTES])
{
    if (source == OPTION_FROM_COMMAND_LINE)
        return NULL;
    return option_source_name(&server_options, &server_options.rows[row], source, name);
}

/* An error about an option, wherever it comes from. Returns `result`. */
static int listen_fail(const char *typed, size_t row, enum option_source source,
                       const char *problem, enum failure_class class, int result,
                       struct failure *failure)
{
    char title[OPTION_TITLE_BYTES], shown[SHOWN_BYTES];

    return failure_set(failure, class, result, "%s'%s': %s",
                       option_title(&server_options, &server_options.rows[row], source, title),
                       escape_encode(typed, strlen(typed), shown, sizeof(shown)), problem);
}

static int settle_fail(int result, const char *typed, size_t row, enum option_source source,
                       struct failure *failure)
{
    bool is_usage = result == -ESRCH || result == -E2BIG;
    char problem[PROBLEM_BYTES];

    problem_write(result, problem);
    return listen_fail(typed, row, source, problem, is_usage ? FAILURE_USAGE : FAILURE_SYSTEM,
                       result, failure);
}

int listen_name_settle(struct option_address *listen, size_t row, enum option_source source,
                       struct listen_name *ret_said, struct failure *failure)
{
    struct listen_name said = {.notice = ""};
    struct host_addresses addresses;
    char shown[SHOWN_BYTES], name[OPTION_NAME_BYTES];
    const char *variable = variable_name(row, source, name);
    uint16_t port = address_port(&listen->address);
    bool without_ipv6 = ipv6_is_off();
    uint32_t taken;
    int result = host_name_look_up(HOST_NAME_FILE, listen->name, listen->name_bytes, &addresses);

    if (result < 0)
        return settle_fail(result, listen->name, row, source, failure);
    taken = address_choose(&addresses, without_ipv6);
    listen->address = addresses.list[taken];
    address_set_port(&listen->address, port);
    escape_encode(listen->name, listen->name_bytes, shown, sizeof(shown));
    snprintf(said.note, sizeof(said.note), "%s%s: %s", variable ? "$" : "",
             variable ? variable : "command line", shown);
    if (addresses.count > 1)
        notice_write(&addresses, taken, shown, without_ipv6, &said);
    *ret_said = said;
    return 0;
}

int listen_address_check(const struct option_address *listen, size_t row, enum option_source source,
                         struct failure *failure)
{
    const char *group = route_group_name(&listen->address);
    char text[ADDRESS_TEXT_BYTES], problem[PROBLEM_BYTES];

    if (!group)
        return 0;
    snprintf(problem, sizeof(problem),
             "%s is a %s address, where TCP cannot listen; give one of an interface, or [::] for "
             "all",
             address_without_port(&listen->address, text), group);
    return listen_fail(listen->name ? listen->name : text, row, source, problem, FAILURE_USAGE,
                       -EINVAL, failure);
}

int listen_name_fail(const struct option_address *listen, size_t row, enum option_source source,
                     const char *problem, struct failure *failure)
{
    char text[ADDRESS_TEXT_BYTES];

    address_format(&listen->address, text);
    if (!listen->has_port)
        *strrchr(text, ':') = '\0';
    return listen_fail(listen->name ? listen->name : text, row, source, problem, FAILURE_USAGE,
                       -EINVAL, failure);
}
