#include "net/address_state.h"

#include <string.h>

/* Flags of an address, see linux/if_addr.h, which clashes with net/if.h. */
#define FLAG_DADFAILED 0x08u
#define FLAG_TENTATIVE 0x40u

/* Write an address as the file does: 32 hexadecimal digits. */
static void address_digits(const struct address *address, char digits[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(digits + 2 * (size_t)i, 3, "%02x", address->v6.sin6_addr.s6_addr[i]);
}

static enum address_state state_of(unsigned flags)
{
    if (flags & FLAG_DADFAILED)
        return ADDRESS_DUPLICATE;
    return flags & FLAG_TENTATIVE ? ADDRESS_TENTATIVE : ADDRESS_READY;
}

enum address_state address_state_parse(FILE *file, const struct address *address,
                                       char interface[IF_NAMESIZE])
{
    enum address_state state = ADDRESS_MISSING;
    char digits[33], line[128];

    interface[0] = '\0';
    address_digits(address, digits);
    while (state <= ADDRESS_ELSEWHERE && fgets(line, sizeof(line), file)) {
        char found[33], name[IF_NAMESIZE];
        unsigned index, flags;

        /* NOLINTNEXTLINE(cert-err34-c): the kernel writes these numbers */
        if (sscanf(line, "%32s %x %*x %*x %x %15s", found, &index, &flags, name) != 4 ||
            strcmp(found, digits) != 0)
            continue;
        snprintf(interface, IF_NAMESIZE, "%s", name);
        state = address->v6.sin6_scope_id && address->v6.sin6_scope_id != index ? ADDRESS_ELSEWHERE
                                                                                : state_of(flags);
    }
    return state;
}

enum address_state address_state_read(const struct address *address, char interface[IF_NAMESIZE])
{
    enum address_state state;
    FILE *file;

    interface[0] = '\0';
    if (address->sa.sa_family != AF_INET6)
        return ADDRESS_UNKNOWN;
    file = fopen("/proc/net/if_inet6", "re");
    if (!file)
        return ADDRESS_UNKNOWN;
    state = address_state_parse(file, address, interface);
    fclose(file);
    return state;
}
