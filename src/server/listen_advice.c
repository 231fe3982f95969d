#include "server/listen_advice.h"

#include "net/address_state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define OTHER_PORT "choose a port outside of net.ipv4.ip_local_port_range"

/* "nginx (pid 7)", or "something" if the process is not visible. */
static const char *holder_name(const struct port_holder *holder, char *text, size_t text_bytes)
{
    if (holder->pid)
        snprintf(text, text_bytes, "%s (pid %d)", holder->name, (int)holder->pid);
    else
        snprintf(text, text_bytes, "something");
    return text;
}

static void advise_port_in_use(const struct address *address, const struct port_holder *holder,
                               const char *replaceable, char text[LISTEN_ADVICE_BYTES])
{
    char name[96], peer[ADDRESS_TEXT_BYTES];
    bool may_replace = replaceable && holder->pid && strcmp(holder->name, replaceable) == 0;

    holder_name(holder, name, sizeof(name));
    if (address_port(address) == 0)
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "no port of net.ipv4.ip_local_port_range is free; widen it or give a port");
    else if (holder->kind == PORT_HOLDER_LISTENER && holder->gone)
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "a listener is still there that no process in /proc has open (see 'ss -ltn'); try "
                 "again, or choose another port");
    else if (holder->kind == PORT_HOLDER_LISTENER)
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "%s listens there already (see 'ss -ltnp'); stop it or choose another port%s",
                 name,
                 may_replace ? "; to replace it while it serves, start both with the same "
                               "--handover PATH"
                             : "");
    else if (holder->kind == PORT_HOLDER_CONNECTION)
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "%s uses that port for a connection to %s (see 'ss -tnp'); end it, or " OTHER_PORT,
                 name, address_format(&holder->peer, peer));
    else if (holder->kind == PORT_HOLDER_TIME_WAIT)
        snprintf(
            text, LISTEN_ADVICE_BYTES,
            "a connection to %s that has ended keeps that port for up to a minute (TIME-WAIT); "
            "wait, or " OTHER_PORT,
            address_format(&holder->peer, peer));
    else
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "something uses that port (see 'ss -tanp'); stop it or choose another port");
}

static const char *advice_by_errno(int error)
{
    switch (error) {
    case EACCES:
        return "use a port above 1023, or add CAP_NET_BIND_SERVICE";
    case EINVAL:
        return "a link-local address needs its interface, as in fe80::1%eth0";
    case EAFNOSUPPORT:
        return "the kernel has no such address family; try --listen 0.0.0.0";
    case EMFILE:
    case ENFILE:
        return "raise the descriptor limit (ulimit -n, LimitNOFILE=)";
    default:
        return "see bind(2) and listen(2)";
    }
}

/* Why an address is not available, by its state on the interface. */
static void advise_no_address(const struct address *address, char text[LISTEN_ADVICE_BYTES])
{
    char interface[IF_NAMESIZE];

    switch (address_state_read(address, interface)) {
    case ADDRESS_TENTATIVE:
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "%s still checks that no other host has it, which needs a link that is up (see "
                 "'ip -6 address'); wait, or add it with nodad",
                 interface);
        break;
    case ADDRESS_DUPLICATE:
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "another host has this address, as %s found out (dadfailed, see 'ip -6 "
                 "address'); give it another address",
                 interface);
        break;
    case ADDRESS_ELSEWHERE:
        snprintf(text, LISTEN_ADVICE_BYTES, "it is an address of %s; name that interface after %%",
                 interface);
        break;
    case ADDRESS_READY: /* since just now */
        snprintf(text, LISTEN_ADVICE_BYTES, "%s has this address now: try again", interface);
        break;
    case ADDRESS_UNKNOWN:
    case ADDRESS_MISSING:
        snprintf(text, LISTEN_ADVICE_BYTES, "no interface has this address (see 'ip address')");
        break;
    }
}

char *listen_advice(const struct address *address, int error, const struct port_holder *holder,
                    const char *replaceable, char text[LISTEN_ADVICE_BYTES])
{
    char meant[ADDRESS_MEANT_BYTES];

    if (error == EADDRINUSE)
        advise_port_in_use(address, holder, replaceable, text);
    else if (error == EADDRNOTAVAIL && address_may_end_in_port(address, meant))
        snprintf(text, LISTEN_ADVICE_BYTES,
                 "no interface has this address (see 'ip address'); or did you mean '%s'?", meant);
    else if (error == EADDRNOTAVAIL)
        advise_no_address(address, text);
    else
        snprintf(text, LISTEN_ADVICE_BYTES, "%s", advice_by_errno(error));
    return text;
}
