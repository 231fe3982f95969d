#include "admin/admin.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/wait.h"
#include "net/peer_error.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>

struct admin {
    struct admin_args args;
    struct exchange_args exchange;
    int end_fd;   /* written once the thread must end */
    int leave_fd; /* written once it must leave; not for an exchange, which goes on */
    int done_fd;  /* written when it has ended */
    pthread_t thread;
    sem_t go;
    uint64_t leave_end_ns; /* when leaving must be over; set before is_leaving; 0: it stays */
    atomic_bool is_ending, is_leaving, has_ended;
};

static bool admin_is_ending(const void *end)
{
    const struct admin *admin = end;

    return atomic_load(&admin->is_ending);
}

/* Take a client, if one waits. Returns false if none does. */
static bool admin_take(struct admin *admin)
{
    int sock = accept4(admin->args.listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (sock >= 0)
        exchange_run(&admin->exchange, sock);
    else if (errno == EAGAIN)
        return false;
    else if (errno != EINTR && !peer_error_of_accept(errno))
        clock_pause(ADMIN_RETRY_NS);
    return true;
}

/* Sleep until a client comes, or the thread must end or leave; then take the client. */
static void admin_iteration(struct admin *admin)
{
    struct pollfd fds[] = {{.fd = admin->args.listener_fd, .events = POLLIN},
                           {.fd = admin->end_fd, .events = POLLIN},
                           {.fd = admin->leave_fd, .events = POLLIN}};
    int ready = wait_fds(fds, 3, WAIT_FOREVER);

    if (ready < 0 && ready != -EINTR)
        clock_pause(ADMIN_RETRY_NS);
    if (!admin_is_ending(admin))
        admin_take(admin);
}

/* Take those who wait, as many as the queue holds (listen(2): one more than it says); others may go
 * on coming where another process listens too. A close would reset them if none does. */
static void admin_empty(struct admin *admin)
{
    for (int i = 0; i <= ADMIN_BACKLOG && !admin_is_ending(admin) &&
                    clock_now_ns() < admin->leave_end_ns && admin_take(admin);
         i++)
        ;
    close(admin->args.listener_fd);
    admin->args.listener_fd = -1;
}

static void *admin_main(void *argument)
{
    struct admin *admin = argument;

    while (sem_wait(&admin->go) < 0)
        ;
    while (!admin_is_ending(admin) && !atomic_load(&admin->is_leaving))
        admin_iteration(admin);
    if (atomic_load(&admin->is_leaving))
        admin_empty(admin);
    atomic_store(&admin->has_ended, true);
    event_raise(admin->done_fd);
    return NULL;
}

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The listener may be shared with another process, so it is closed and not shut down. */
static void admin_free(struct admin *admin)
{
    fd_close(admin->args.listener_fd);
    fd_close(admin->end_fd);
    fd_close(admin->leave_fd);
    fd_close(admin->done_fd);
    sem_destroy(&admin->go);
    free(admin->exchange.body);
    free(admin);
}

/* Returns 0 or -errno. */
static int admin_open(struct admin *admin, const char **ret_step)
{
    int flags = fcntl(admin->args.listener_fd, F_GETFL);

    /* A client may be gone when it is accepted. */
    *ret_step = "fcntl";
    if (flags < 0 || fcntl(admin->args.listener_fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    *ret_step = "eventfd";
    admin->end_fd = eventfd(0, EFD_CLOEXEC);
    if (admin->end_fd < 0)
        return -errno;
    admin->leave_fd = eventfd(0, EFD_CLOEXEC);
    if (admin->leave_fd < 0)
        return -errno;
    admin->done_fd = eventfd(0, EFD_CLOEXEC);
    if (admin->done_fd < 0)
        return -errno;
    *ret_step = "malloc";
    admin->exchange.body = malloc(EXCHANGE_BODY_BYTES);
    if (!admin->exchange.body)
        return -ENOMEM;
    admin->exchange.end_fd = admin->end_fd;
    *ret_step = "pthread_create";
    return -pthread_create(&admin->thread, NULL, admin_main, admin);
}

int admin_start(const struct admin_args *args, struct admin **ret_admin, const char **ret_step)
{
    struct admin *admin = calloc(1, sizeof(*admin));
    int result;

    if (!admin) {
        *ret_step = "calloc";
        close(args->listener_fd);
        return -ENOMEM;
    }
    admin->args = *args;
    admin->exchange = (struct exchange_args){
        .routes = args->routes,
        .route_count = args->route_count,
        .context = args->context,
        .is_ending = admin_is_ending,
        .end = admin,
    };
    admin->end_fd = admin->leave_fd = admin->done_fd = -1;
    sem_init(&admin->go, 0, 0);
    result = admin_open(admin, ret_step);
    if (result < 0) {
        admin_free(admin);
        return result;
    }
    *ret_admin = admin;
    return 0;
}

void admin_go(struct admin *admin)
{
    sem_post(&admin->go);
}

void admin_leave(struct admin *admin)
{
    if (admin->leave_end_ns > 0)
        return;
    admin->leave_end_ns = clock_now_ns() + ADMIN_LEAVE_NS;
    atomic_store(&admin->is_leaving, true);
    event_raise(admin->leave_fd);
}

/* Wait for the thread until then. Returns false if it did not end in time. */
static bool admin_wait(struct admin *admin, uint64_t until_ns)
{
    uint64_t now_ns = clock_now_ns();

    if (!atomic_load(&admin->has_ended) && until_ns > now_ns)
        wait_fd(admin->done_fd, POLLIN, until_ns - now_ns);
    return atomic_load(&admin->has_ended);
}

bool admin_stop(struct admin *admin)
{
    if (!admin)
        return true;
    admin_wait(admin, admin->leave_end_ns);
    atomic_store(&admin->is_ending, true);
    event_raise(admin->end_fd);
    sem_post(&admin->go); /* it may not serve yet */
    if (!admin_wait(admin, clock_now_ns() + ADMIN_END_NS))
        return false;
    pthread_join(admin->thread, NULL);
    admin_free(admin);
    return true;
}
