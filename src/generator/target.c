#include "generator/target.h"

#include "base/escape.h"
#include "base/units.h"
#include "net/lookup.h"
#include "net/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES       512 /* of a target, as typed */
#define SHOWN_BYTES      288 /* shown in an error */
#define NAME_SHOWN_BYTES 200 /* of a name, next to what is wrong */

/* Write an error about a target: the text before and after it. Returns -EINVAL. */
static int refuse(char error[OPTION_ERROR_BYTES], const char *before, const char *text,
                  const char *after)
{
    char shown[SHOWN_BYTES];

    snprintf(error, OPTION_ERROR_BYTES, "%s'%s' %s", before,
             escape_encode(text, strlen(text), shown, sizeof(shown)), after);
    return -EINVAL;
}

static int refuse_form(char error[OPTION_ERROR_BYTES], const char *text)
{
    return refuse(error, "", text,
                  "is not HOST[:PORT][=WEIGHT]; write localhost:1848, 127.0.0.1:1848 or "
                  "[::1]:1848");
}

/* Common mistakes: URLs as for HTTP programs, the port as a second word, and IPv6 addresses whose
 * end was meant as a port. Returns 0 if it is none of these. */
static int refuse_habit(char error[OPTION_ERROR_BYTES], const char *text, const char *host)
{
    char shown[SHOWN_BYTES], meant[ADDRESS_MEANT_BYTES];

    if (strstr(text, "://") || strchr(text, '/'))
        return refuse(
            error, "", text,
            "is a URL or has a path, but connections are plain TCP: give HOST[:PORT], and "
            "for HTTP --send 'GET / HTTP/1.0\\r\\n\\r\\n' --expect any");
    if (address_doubt(host, meant) != ADDRESS_NEEDS_BRACKETS)
        return 0;
    escape_encode(text, strlen(text), shown, sizeof(shown));
    snprintf(error, OPTION_ERROR_BYTES,
             "'%s' is ambiguous: did you mean '%s'? an IPv6 address needs brackets before a port",
             shown, meant);
    return -EINVAL;
}

/* "localhost 1848", as for nc: the second is not a host. Returns 0 if it is not like that. */
static int refuse_port(char error[OPTION_ERROR_BYTES], const char *before, const char *text)
{
    struct address_parts parts;
    char shown[NAME_SHOWN_BYTES];
    uint16_t port;

    if (port_parse(text, &port) < 0 || address_split(before, &parts) < 0 || parts.port ||
        strchr(before, '='))
        return 0;
    escape_encode(parts.host, parts.host_bytes, shown, sizeof(shown));
    snprintf(error, OPTION_ERROR_BYTES, "'%s' is not a host; did you mean '%s%s%s:%s'?", text,
             parts.is_v6 ? "[" : "", shown, parts.is_v6 ? "]" : "", text);
    return -EINVAL;
}

/* Cut off "=WEIGHT". */
static int weight_parse(char *text, uint32_t *ret_weight)
{
    char *equals = strrchr(text, '=');
    uint64_t weight = 1;

    if (equals) {
        int result = count_parse(equals + 1, &weight);

        if (result < 0 || weight == 0 || weight > TARGET_WEIGHT_MAX)
            return -EINVAL;
        *equals = '\0';
    }
    *ret_weight = (uint32_t)weight;
    return 0;
}

/* Read a host that must be numeric. */
static int numeric_parse(const char *text, struct target *target, char error[OPTION_ERROR_BYTES])
{
    struct address address;
    bool has_port;

    if (address_parse(text, &address, &has_port) < 0) {
        if (strchr(target->host, '%'))
            return refuse(error, "", text,
                          "is no IPv6 address, or its interface is not there; see ip link");
        return refuse_form(error, text);
    }
    if (address.sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address.v6.sin6_addr) &&
        address.v6.sin6_scope_id == 0)
        return refuse(error, "", text,
                      "is link-local, so its interface must be named, as in fe80::1%eth0");
    address_set_port(&address, address_port(&target->address));
    target->address = address;
    return 0;
}

/* Only digits and dots are an IPv4 address, valid or not, and never a name. */
static bool looks_numeric(const struct address_parts *parts)
{
    return parts->is_v6 || strspn(parts->host, "0123456789.") >= parts->host_bytes;
}

int target_parse(const char *text, struct target *ret_target, bool *ret_is_numeric,
                 char error[OPTION_ERROR_BYTES])
{
    struct target target = {.address.sa.sa_family = AF_INET};
    struct address_parts parts;
    char left[TEXT_BYTES];
    size_t text_bytes = strlen(text);
    uint16_t port = LOAD_DEFAULT_PORT;
    int result = 0;

    if (text_bytes >= sizeof(left))
        return refuse(error, "", text, "is too long for a host");
    memcpy(left, text, text_bytes + 1);
    if (weight_parse(left, &target.weight) < 0)
        return refuse(error, "the weight of ", text, "must be 1 to 1000, such as localhost=3");
    if (refuse_habit(error, text, left) < 0)
        return -EINVAL;
    if (address_split(left, &parts) < 0 || parts.host_bytes == 0)
        return refuse_form(error, text);
    if (parts.host_bytes >= sizeof(target.host))
        return refuse(error, "", text, "is too long for a host; a name has at most 255 characters");
    if (parts.port && (port_parse(parts.port, &port) < 0 || port == 0))
        return refuse(error, "the port of ", text, "must be 1 to 65535");
    memcpy(target.host, parts.host, parts.host_bytes);
    address_set_port(&target.address, port);
    if (looks_numeric(&parts))
        result = numeric_parse(left, &target, error);
    if (result < 0)
        return result;
    *ret_target = target;
    *ret_is_numeric = looks_numeric(&parts);
    return 0;
}

static const char *family_title(int family)
{
    return family == AF_INET ? "IPv4" : "IPv6";
}

/* The option that was typed to choose the family. */
static const char *family_option(const struct load_config *config)
{
    if (config->ipv4 || config->ipv6)
        return config->ipv4 ? "-4" : "-6";
    return config->options.family == LOAD_FAMILY_IPV4 ? "--family ipv4" : "--family ipv6";
}

static int family_wanted(const struct load_config *config)
{
    return config->options.family == LOAD_FAMILY_IPV4   ? AF_INET
           : config->options.family == LOAD_FAMILY_IPV6 ? AF_INET6
                                                        : AF_UNSPEC;
}

/* A numeric address has only its own family. */
static int numeric_check(const struct load_config *config, const struct target *target,
                         char error[OPTION_ERROR_BYTES])
{
    const char *title = family_title(target->address.sa.sa_family);
    int wanted = family_wanted(config);

    if (config->options.family == LOAD_FAMILY_BOTH) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "'%s' is an %s address, but --family both takes names; give both addresses as two "
                 "targets, and drop --family",
                 target->host, title);
        return -EINVAL;
    }
    if (wanted != AF_UNSPEC && wanted != target->address.sa.sa_family) {
        snprintf(error, OPTION_ERROR_BYTES, "'%s' is an %s address; drop %s, or give one of %s",
                 target->host, title, family_option(config), family_title(wanted));
        return -EINVAL;
    }
    return 0;
}

/* Look up the address of one family; AF_UNSPEC: any. */
static int name_resolve(const struct load_config *config, struct target *target, int family,
                        struct failure *failure)
{
    char problem[LOOKUP_PROBLEM_BYTES], shown[NAME_SHOWN_BYTES];
    uint16_t port = address_port(&target->address);
    int result = lookup_host(target->host, family, &target->address, problem);

    if (result == 0) {
        address_set_port(&target->address, port);
        return 0;
    }
    escape_encode(target->host, strlen(target->host), shown, sizeof(shown));
    if (result != -EHOSTUNREACH)
        return failure_set(
            failure, FAILURE_SYSTEM, result,
            "cannot look up host '%s': %s; check /etc/resolv.conf, or give its address", shown,
            problem);
    if (family == AF_UNSPEC)
        return failure_set(failure, FAILURE_USAGE, result,
                           "cannot find host '%s': %s; check the name", shown, problem);
    return failure_set(failure, FAILURE_USAGE, result,
                       "cannot find an %s address of host '%s': %s; check the name, or drop %s",
                       family_title(family), shown, problem,
                       config->options.family == LOAD_FAMILY_BOTH ? "--family both"
                                                                  : family_option(config));
}

/* Refuse an address that TCP cannot connect to. */
static int address_check(const char *text, const struct address *address,
                         char error[OPTION_ERROR_BYTES])
{
    const char *group = route_group_name(address);
    char host[ADDRESS_TEXT_BYTES], after[ADDRESS_TEXT_BYTES + 96];

    if (!group)
        return 0;
    snprintf(after, sizeof(after),
             "cannot be connected to: %s is a %s address; give the address of one host",
             address_format(address, host), group);
    return refuse(error, "", text, after);
}

/* Resolve one target to one or two addresses. Returns how many, or -errno. */
static int target_look_up(const struct load_config *config, const char *text,
                          struct target found[2], struct failure *failure)
{
    bool is_numeric;
    int result = target_parse(text, &found[0], &is_numeric, failure->line);

    if (result == 0 && is_numeric)
        result = numeric_check(config, &found[0], failure->line);
    if (failure_classify(failure, FAILURE_USAGE, result) < 0)
        return result;
    if (is_numeric)
        return 1;
    if (config->options.family != LOAD_FAMILY_BOTH) {
        result = name_resolve(config, &found[0], family_wanted(config), failure);
        return result < 0 ? result : 1;
    }
    found[1] = found[0];
    result = name_resolve(config, &found[0], AF_INET, failure);
    if (result == 0)
        result = name_resolve(config, &found[1], AF_INET6, failure);
    return result < 0 ? result : 2;
}

/* The same, with addresses that can be connected to. */
static int target_resolve(const struct load_config *config, const char *text,
                          struct target found[2], struct failure *failure)
{
    int count = target_look_up(config, text, found, failure);
    int result = 0;

    for (int i = 0; result == 0 && i < count; i++)
        result = address_check(text, &found[i].address, failure->line);
    return failure_classify(failure, FAILURE_USAGE, result) < 0 ? result : count;
}

int targets_resolve(const struct load_config *config, struct target targets[TARGETS_MAX],
                    struct failure *failure)
{
    int count = 0;

    for (uint32_t i = 0; i < config->options.targets.count; i++) {
        const char *const *item = &config->options.targets.items[i];
        struct target found[2];
        int result = i > 0 ? refuse_port(failure->line, item[-1], item[0]) : 0;

        if (failure_classify(failure, FAILURE_USAGE, result) == 0)
            result = target_resolve(config, *item, found, failure);
        if (result < 0)
            return result;
        if (count + result > TARGETS_MAX)
            return failure_set(failure, FAILURE_USAGE, -EINVAL,
                               "the targets have more than %d addresses; give fewer targets",
                               TARGETS_MAX);
        memcpy(&targets[count], found, (size_t)result * sizeof(found[0]));
        count += result;
    }
    return count;
}
