#include "listener.h"

#include "net/listener.h"
#include "world.h"

#include <errno.h>

#define QUEUE_MAX   512
#define LISTENER_FD 999999

static struct {
    bool open;
    struct listener_faults faults;
    uint32_t queue_max;
    struct tcp *queue[QUEUE_MAX];
    uint32_t count;
    uint32_t handshakes;
    uint32_t cut_off_waiting, cut_off_handshakes;
    uint64_t closed_ns;
    uint64_t refuses_since_ns;
} one;

void listener_begin(uint32_t queue_max, struct listener_faults faults)
{
    one.open = false;
    one.faults = faults;
    one.queue_max = queue_max < QUEUE_MAX ? queue_max : QUEUE_MAX;
    one.count = one.handshakes = one.cut_off_waiting = one.cut_off_handshakes = 0;
    one.refuses_since_ns = one.closed_ns = 0;
}

bool listener_syn(bool *ret_refused)
{
    *ret_refused = !one.open;
    if (!one.open || one.refuses_since_ns)
        return false;
    one.handshakes++;
    return true;
}

bool listener_ack(struct tcp *tcp)
{
    if (!one.open)
        return false;
    if (one.count >= one.queue_max)
        return false;
    one.handshakes--;
    one.queue[one.count++] = tcp;
    return true;
}

uint32_t listener_handshakes(void)
{
    return one.handshakes;
}

uint32_t listener_waiting(void)
{
    return one.count;
}

struct tcp *listener_take(void)
{
    struct tcp *first = one.queue[0];

    one.count--;
    for (uint32_t i = 0; i < one.count; i++)
        one.queue[i] = one.queue[i + 1];
    return first;
}

bool listener_is_open(void)
{
    return one.open;
}

uint32_t listener_cut_off_waiting(void)
{
    return one.cut_off_waiting;
}

uint32_t listener_cut_off_handshakes(void)
{
    return one.cut_off_handshakes;
}

uint64_t listener_closed_ns(void)
{
    return one.closed_ns;
}

uint64_t listener_refuses_since_ns(void)
{
    return one.refuses_since_ns;
}

int listener_passed(void)
{
    return LISTENER_FD;
}

static void listener_end(int listener_fd)
{
    if (listener_fd != LISTENER_FD || !one.open)
        world_fail("closes listener %d, which is not open", listener_fd);
    one.cut_off_waiting = one.count;
    one.cut_off_handshakes = one.handshakes;
    world_trace("the listener is closed, %u and %u are cut off", one.count, one.handshakes);
    one.open = false;
    one.closed_ns = world_now_ns();
    while (one.count > 0)
        tcp_close(one.queue[--one.count], TCP_OURS, true);
}

/* What follows is net/listener.h. */

int listener_open(struct address *address, int backlog, bool first, const char **ret_step)
{
    (void)address;
    (void)backlog;
    (void)first;
    *ret_step = "listen";
    one.open = true;
    return LISTENER_FD;
}

void listener_close(int listener_fd)
{
    if (one.faults.is_shared)
        world_fail("shuts listener %d down, which others hold", listener_fd);
    listener_end(listener_fd);
}

/* Who still waits is cut off: nobody else was woken for them. */
void listener_leave(int listener_fd)
{
    if (!one.faults.is_shared)
        world_fail("leaves listener %d, which nobody else has", listener_fd);
    listener_end(listener_fd);
    if (one.faults.is_full())
        one.cut_off_waiting = 0; /* the other process looks for them later */
}

void listener_set_backlog(int listener_fd, int backlog)
{
    (void)backlog;
    if (listener_fd != LISTENER_FD || !one.faults.is_shared)
        world_fail("uses listener %d, which nobody passed", listener_fd);
    one.open = true;
}

int listener_adopt(int listener_fd, struct address *ret_address, const char **ret_problem)
{
    (void)ret_address;
    (void)ret_problem;
    world_fail("checks listener %d again", listener_fd);
}

uint32_t listener_backlog(int listener_fd)
{
    (void)listener_fd;
    return one.queue_max;
}

int listener_refuse_new(int listener_fd)
{
    if (listener_fd != LISTENER_FD || !one.open)
        world_fail("filters listener %d, which is not open", listener_fd);
    if (one.faults.is_shared)
        world_fail("filters listener %d, which others hold", listener_fd);
    if (one.faults.cannot_refuse)
        return -ENOMEM;
    one.refuses_since_ns = world_now_ns();
    return 0;
}

int listener_has_handshakes(const struct address *address)
{
    (void)address;
    return one.faults.is_blind ? -ENOENT : one.handshakes > 0;
}

bool listener_has_waiting(int listener_fd)
{
    if (listener_fd != LISTENER_FD || !one.open)
        world_fail("asks listener %d, which is not open", listener_fd);
    return one.count > 0;
}
