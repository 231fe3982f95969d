#include "net/port_holder.h"

#include "base/escape.h"
#include "host/platform.h"
#include "net/socket_diag.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct search {
    const struct address *address;
    struct port_holder *holder;
    uint32_t inode, user; /* of the holder's socket */
};

static enum port_holder_kind kind_of(const struct socket_diag *socket)
{
    if (socket->state == SOCKET_DIAG_LISTEN)
        return PORT_HOLDER_LISTENER;
    return socket->state == SOCKET_DIAG_TIME_WAIT ? PORT_HOLDER_TIME_WAIT : PORT_HOLDER_CONNECTION;
}

static bool search_visit(void *context, const struct socket_diag *socket)
{
    struct search *search = context;
    enum port_holder_kind kind = kind_of(socket);

    if (!address_covers(search->address, &socket->local) &&
        (socket->v6_only || !address_covers(&socket->local, search->address)))
        return true;
    /* Prefer a connection that a process has open. */
    if (kind < search->holder->kind || (kind == search->holder->kind && search->inode))
        return true;
    search->holder->kind = kind;
    search->holder->peer = socket->peer;
    search->inode = socket->inode;
    search->user = socket->user;
    return kind != PORT_HOLDER_LISTENER;
}

/* Does a process have the socket open? Returns 1, 0, or -1: its descriptors are not visible. */
static int process_has(const char *pid, const char *wanted)
{
    char path[PLATFORM_PATH_BYTES], target[64];
    struct dirent *entry;
    DIR *descriptors;
    int found = 0;

    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    descriptors = opendir(path);
    if (!descriptors)
        return errno == ENOENT ? 0 : -1; /* it has just ended */
    while (!found && (entry = readdir(descriptors))) {
        ssize_t bytes = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof(target) - 1);

        target[bytes > 0 ? bytes : 0] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    closedir(descriptors);
    return found;
}

static void name_read(pid_t pid, char *name, size_t name_bytes)
{
    char path[PLATFORM_PATH_BYTES], text[32];

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    platform_text_read(path, text, sizeof(text));
    escape_encode(text, strcspn(text, "\n"), name, name_bytes);
}

/* Find the process that has the socket open. Returns false if there may be an invisible one. */
static bool process_find(uint32_t inode, struct port_holder *holder)
{
    char wanted[64];
    DIR *processes = opendir("/proc");
    bool all_seen = processes != NULL;
    struct dirent *entry;

    snprintf(wanted, sizeof(wanted), "socket:[%" PRIu32 "]", inode);
    while (processes && holder->pid == 0 && (entry = readdir(processes))) {
        int has = isdigit((unsigned char)entry->d_name[0]) ? process_has(entry->d_name, wanted) : 0;

        if (has > 0)
            holder->pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (has < 0)
            all_seen = false;
    }
    if (processes)
        closedir(processes);
    if (holder->pid)
        name_read(holder->pid, holder->name, sizeof(holder->name));
    return all_seen;
}

void port_holder_find(const struct address *address, struct port_holder *ret_holder)
{
    struct search search = {.address = address, .holder = ret_holder};
    bool all_seen;

    *ret_holder = (struct port_holder){.kind = PORT_HOLDER_UNKNOWN};
    socket_diag_visit(address_port(address), SOCKET_DIAG_LISTEN | SOCKET_DIAG_OTHERS, search_visit,
                      &search); /* if the kernel does not answer, none is found */
    if (ret_holder->kind == PORT_HOLDER_UNKNOWN || search.inode == 0)
        return;
    all_seen = process_find(search.inode, ret_holder);
    /* A process of another user can hide its descriptors, our own can hardly. */
    ret_holder->gone = ret_holder->pid == 0 && (all_seen || search.user == geteuid());
}
