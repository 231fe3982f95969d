#include "server/passed.h"

#include "net/activation.h"
#include "net/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool passed_is_explicit(const struct server_config *config, const char *option)
{
    return config->sources[option_row_find(&server_options, option)] >= OPTION_FROM_ENVIRONMENT;
}

/* True if an address is the wanted one, whose port may be any (0). */
static bool passed_is_at(const struct address *address, struct address wanted)
{
    char here[ADDRESS_TEXT_BYTES], there[ADDRESS_TEXT_BYTES];

    if (address_port(&wanted) == 0)
        address_set_port(&wanted, address_port(address));
    return strcmp(address_format(address, here), address_format(&wanted, there)) == 0;
}

/* Returns false if the user asked for another address or port. */
static bool passed_is_wanted(const struct passed *passed, const struct server_config *config)
{
    const struct address *wanted = &config->listen.address;
    bool has_port = passed_is_explicit(config, "PORT") || passed_is_explicit(config, "listen");

    if (has_port && config->port != 0 && config->port != address_port(&passed->address))
        return false;
    if (!passed_is_explicit(config, "listen") ||
        (address_is_any(wanted) && address_is_any(&passed->address)))
        return true;
    return passed_is_at(&passed->address, *wanted);
}

/* Check all sockets. Returns 0, or -errno with a failure. */
static int passed_check(struct passed *passed, const struct server_config *config,
                        struct failure *failure)
{
    const char *whose = passed->whose;
    char text[ADDRESS_TEXT_BYTES], wanted[ADDRESS_TEXT_BYTES];
    struct address address;
    const char *problem;

    for (uint32_t i = 0; i < passed->count; i++) {
        int result = listener_adopt(passed->fds[i], &address, &problem);

        if (result < 0)
            return failure_set(
                failure, FAILURE_SYSTEM, result,
                "cannot use descriptor %d of %s: %s (%s); pass listening TCP sockets",
                passed->fds[i], whose, problem, strerror(-result));
        if (i == 0)
            passed->address = address;
        if (address_port(&address) != address_port(&passed->address))
            return failure_set(
                failure, FAILURE_SYSTEM, -EINVAL,
                "cannot use descriptor %d of %s: its port is %u, that of the first is "
                "%u; pass sockets of one port",
                passed->fds[i], whose, address_port(&address), address_port(&passed->address));
    }
    if (passed->count == 0 || passed_is_wanted(passed, config))
        return 0;
    return failure_set(
        failure, FAILURE_SYSTEM, -EADDRNOTAVAIL,
        "cannot listen on '%s': the sockets of %s are on '%s'; ask for that address, "
        "or for none",
        address_format(&config->listen.address, wanted), whose,
        address_format(&passed->address, text));
}

/* Use what the old process offers, in place of what the service manager passed: they are the same,
 * if both are there, so the manager keeps them open even if the old process does not know it. */
static void passed_take_offer(struct passed *passed)
{
    struct handover_offer *offer = &passed->offer;

    for (uint32_t i = 0; i < passed->count; i++)
        close(passed->fds[i]);
    memcpy(passed->fds, offer->fds, offer->count * sizeof(offer->fds[0]));
    passed->managed_count =
        offer->managed_count == 0 && passed->count > 0 ? offer->count : offer->managed_count;
    passed->count = offer->count;
    offer->count = 0;
}

/* Take the listener for the admin port from the offer, if it is of use. A service manager's is used
 * in any case, because it stays open: who connects there would wait for ever. */
static void passed_take_admin(struct passed *passed, const struct server_config *config)
{
    struct handover_offer *offer = &passed->offer;

    if (passed->admin_fd < 0 && (offer->admin_is_managed || config->admin.has_port)) {
        passed->admin_fd = offer->admin_fd;
        passed->admin_is_managed = offer->admin_is_managed;
        offer->admin_fd = -1;
    }
    if (offer->admin_fd >= 0) /* who connects there must be refused, not left waiting */
        close(offer->admin_fd);
    offer->admin_fd = -1;
}

/* Check the listener for the admin port. A service manager's must be the one that is asked for, if
 * any is; an old process's is used if it is that one. Returns 0, or -errno with a failure. */
static int passed_check_admin(struct passed *passed, const struct server_config *config,
                              struct failure *failure)
{
    char text[ADDRESS_TEXT_BYTES], wanted[ADDRESS_TEXT_BYTES];
    bool is_wanted;
    const char *problem;
    int result;

    passed_take_admin(passed, config);
    if (passed->admin_fd < 0)
        return 0;
    result = listener_adopt(passed->admin_fd, &passed->admin_address, &problem);
    if (result < 0)
        return failure_set(failure, FAILURE_SYSTEM, result,
                           "cannot use descriptor %d for the admin port: %s (%s); pass a listening "
                           "TCP socket",
                           passed->admin_fd, problem, strerror(-result));
    is_wanted =
        !config->admin.has_port || passed_is_at(&passed->admin_address, config->admin.address);
    if (!is_wanted && passed->admin_is_managed)
        return failure_set(
            failure, FAILURE_SYSTEM, -EADDRNOTAVAIL,
            "cannot listen on '%s' for --admin: the socket of the service manager is "
            "on '%s'; ask for that address, or for none",
            address_format(&config->admin.address, wanted),
            address_format(&passed->admin_address, text));
    if (!is_wanted) {
        close(passed->admin_fd);
        passed->admin_fd = -1;
    }
    return 0;
}

static int passed_collect(struct passed *passed, const struct server_config *config, bool asks,
                          int stop_fd, struct failure *failure)
{
    char problem[ACTIVATION_PROBLEM_BYTES];
    struct activation activation;
    int result = activation_take(&activation, problem);

    if (result < 0)
        return failure_set(
            failure, FAILURE_SYSTEM, result,
            "cannot use the sockets of the service manager: %s; see sd_listen_fds(3)", problem);
    snprintf(passed->whose, sizeof(passed->whose), "the service manager");
    passed->count = activation.count;
    passed->admin_fd = activation.admin_fd;
    passed->admin_is_managed = activation.admin_fd >= 0;
    passed->managed_count = activation.count;
    memcpy(passed->fds, activation.fds, sizeof(passed->fds));
    if (config->handover && asks)
        result = handover_ask(config->handover, stop_fd, &passed->offer, failure);
    if (result < 0)
        return result;
    if (passed->offer.channel_fd >= 0) {
        snprintf(passed->whose, sizeof(passed->whose), "process %d", (int)passed->offer.pid);
        passed_take_offer(passed);
    }
    result = passed_check(passed, config, failure);
    return result < 0 ? result : passed_check_admin(passed, config, failure);
}

int passed_find(struct passed *passed, const struct server_config *config, bool asks, int stop_fd,
                struct failure *failure)
{
    int result;

    *passed = (struct passed){.admin_fd = -1, .offer = HANDOVER_NO_OFFER};
    result = passed_collect(passed, config, asks, stop_fd, failure);
    if (result < 0) {
        handover_decline(&passed->offer, failure->line);
        passed_release(passed);
    }
    return result;
}

void passed_release(struct passed *passed)
{
    for (uint32_t i = 0; i < passed->count; i++)
        close(passed->fds[i]);
    passed->count = 0;
    if (passed->admin_fd >= 0)
        close(passed->admin_fd);
    passed->admin_fd = -1;
    handover_decline(&passed->offer, NULL);
}
