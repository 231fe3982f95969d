/* What the product's code calls and the simulator is: the clock, the order to stop, system calls on
 * sockets. The linker takes these instead of the members of the product's libraries. */
#include "base/clock.h"
#include "server/responder.h"
#include "sim_engine.h"
#include "world.h"

#include <errno.h>

#include <sys/socket.h>

/* The time goes on while a worker works. */
uint64_t clock_now_ns(void)
{
    world_advance(world_below(300));
    return world_now_ns();
}

uint64_t clock_read_ns(clockid_t clock)
{
    (void)clock;
    return world_now_ns();
}

void clock_pause(uint64_t length_ns)
{
    world_advance(length_ns);
}

/* Here a worker is no more than its deadline. */
uint64_t worker_stop_ns(const struct worker *worker)
{
    return *(const uint64_t *)(const void *)worker;
}

/* The generator's last resort, where a cancel could not be queued: what is pending ends. */
int shutdown(int sock, int how)
{
    struct sim_socket *socket = how == SHUT_RDWR ? sim_engine_find(sim_engine_here(), sock) : NULL;

    if (!socket)
        world_fail("shutdown of socket %d", sock);
    sim_engine_shut(socket);
    return 0;
}
