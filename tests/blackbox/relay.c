/* A link that delays and loses packets: a TUN device in this network namespace, another in a new
 * one, and between them a relay that holds each packet for an exact time.
 *
 *     relay NEAR FAR THERE_US BACK_US LOSS_PPM SEED [EVERY:TIMES]...
 *
 * NEAR and FAR name the two devices. LOSS_PPM of all packets are lost, chosen by a generator that
 * starts from SEED. EVERY:TIMES: of every EVERYth connection from here to there the first TIMES
 * SYNs are lost. When the link is there it prints a line; at the end of its input it prints what it
 * did, and ends. The new namespace lasts as long as a process is in it, and the relay is one.
 *
 * The kernel's own netem could do much of this, but it is a module that many kernels lack, and does
 * not lose chosen packets; TUN is nearly everywhere, and one way is better than two. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define NS_PER_S     UINT64_C(1000000000)
#define PACKET_BYTES 2040  /* more than the MTU */
#define QUEUE_SLOTS  65536 /* a power of two; what is not used costs no memory */
#define SYN_SLOTS    (1u << 20)
#define RULES_MAX    8
#define BATCH        64
#define SPIN_NS      200000 /* a CPU that sleeps takes this long to wake up, on virtual machines */
#define LATE_NS      200000 /* a packet sent this much too late counts as late */
#define EXTRA_STEPS  10000  /* of 10 us: how late packets were, up to 100 ms */
#define EXTRA_NS     10000

struct packet {
    uint64_t due_ns;
    uint32_t bytes;
    unsigned char data[PACKET_BYTES];
};

/* A TUN device and a packet socket that listens to it. What the kernel sends is taken from the
 * socket, as that shows when it was sent, however late the relay is woken up; the TUN descriptor
 * has the same packets without their times. */
struct end {
    int tun;
    int socket;
};

/* One direction. The delay is the same for all of its packets, so they leave as they came. */
struct queue {
    struct packet *packets;
    uint32_t head, tail; /* they wrap */
    uint64_t delay_ns;
    const struct end *from, *to;
    uint64_t extra[EXTRA_STEPS]; /* packets by how late they were sent; the last: later than all */
    uint64_t sent;
};

/* A connection, by its addresses, ports and first sequence number. */
struct syn {
    uint64_t key; /* 0: free */
    uint32_t number;
    uint32_t seen;
};

struct rule {
    uint32_t every, times;
};

struct relay {
    struct end near, far;
    struct queue there, back;
    struct syn *syns;
    uint32_t syn_count;
    struct rule rules[RULES_MAX];
    uint32_t rule_count;
    uint64_t loss_ppm;
    uint64_t random;
    uint64_t carried, lost, syns_lost, overflowed, late;
};

static void fail(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t timespec_ns(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

/* The clock by which packets are stamped. */
static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return timespec_ns(&now);
}

/* SplitMix64 (Steele, Lea, Flood 2014): a step of it also mixes keys well. */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static bool is_lost_by_chance(struct relay *relay)
{
    relay->random = mix(relay->random);
    return relay->random % 1000000 < relay->loss_ppm;
}

static uint64_t key_of_bytes(uint64_t key, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        key = mix(key ^ bytes[i]);
    return key;
}

/* The key of the connection that a packet opens, or 0 if it is not a first SYN. */
static uint64_t key_of_syn(const unsigned char *packet, uint32_t bytes)
{
    uint32_t addresses_at, addresses_bytes, tcp_at, protocol;
    const unsigned char *tcp;

    if (bytes >= sizeof(struct ip) && packet[0] >> 4 == 4) {
        addresses_at = offsetof(struct ip, ip_src);
        addresses_bytes = 2 * sizeof(struct in_addr);
        tcp_at = (packet[0] & 15u) * 4;
        protocol = packet[offsetof(struct ip, ip_p)];
    } else if (bytes >= sizeof(struct ip6_hdr) && packet[0] >> 4 == 6) {
        addresses_at = offsetof(struct ip6_hdr, ip6_src);
        addresses_bytes = 2 * sizeof(struct in6_addr);
        tcp_at = sizeof(struct ip6_hdr);
        protocol = packet[offsetof(struct ip6_hdr, ip6_nxt)];
    } else {
        return 0;
    }
    if (protocol != IPPROTO_TCP || bytes < tcp_at + sizeof(struct tcphdr))
        return 0;
    tcp = packet + tcp_at;
    if ((tcp[13] & (TH_SYN | TH_ACK)) != TH_SYN)
        return 0;
    /* Ports and sequence number are the first eight bytes. */
    return key_of_bytes(key_of_bytes(1, packet + addresses_at, addresses_bytes), tcp, 8) | 1;
}

static struct syn *syn_find(struct relay *relay, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 32) & (SYN_SLOTS - 1);

    while (relay->syns[at].key && relay->syns[at].key != key)
        at = (at + 1) & (SYN_SLOTS - 1);
    if (!relay->syns[at].key) {
        if (relay->syn_count == SYN_SLOTS / 2) {
            errno = ENOSPC;
            fail("too many connections");
        }
        relay->syns[at].key = key;
        relay->syns[at].number = ++relay->syn_count;
    }
    return &relay->syns[at];
}

static bool is_lost_by_rule(struct relay *relay, const struct packet *packet)
{
    uint64_t key = relay->rule_count ? key_of_syn(packet->data, packet->bytes) : 0;
    struct syn *syn;

    if (!key)
        return false;
    syn = syn_find(relay, key);
    syn->seen++;
    for (uint32_t i = 0; i < relay->rule_count; i++) {
        const struct rule *rule = &relay->rules[i];

        if (syn->number % rule->every == 0 && syn->seen <= rule->times)
            return true;
    }
    return false;
}

/* Take the next packet that the kernel sent at one end. Returns when it did, 0: there is none. */
static uint64_t packet_take(const struct end *end, struct packet *packet)
{
    for (;;) {
        struct sockaddr_ll from = {0};
        struct iovec data = {.iov_base = packet->data, .iov_len = PACKET_BYTES};
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
        struct msghdr message = {.msg_name = &from,
                                 .msg_namelen = sizeof(from),
                                 .msg_iov = &data,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        ssize_t bytes = recvmsg(end->socket, &message, MSG_DONTWAIT);
        const struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
        struct timespec sent;

        if (bytes < 0 && errno == EAGAIN)
            return 0;
        if (bytes < 0 && errno == ENETDOWN) /* it is not up yet */
            continue;
        if (bytes < 0 || !stamp || stamp->cmsg_type != SCM_TIMESTAMPNS)
            fail("recvmsg");
        if (from.sll_pkttype != PACKET_OUTGOING) /* the relay's own */
            continue;
        packet->bytes = (uint32_t)bytes;
        memcpy(&sent, CMSG_DATA(stamp), sizeof(sent));
        return timespec_ns(&sent);
    }
}

/* Throw away what waits at a TUN descriptor: the socket has it, too. */
static void tun_empty(int tun)
{
    unsigned char data[PACKET_BYTES];

    while (read(tun, data, sizeof(data)) >= 0)
        ;
    if (errno != EAGAIN)
        fail("read");
}

/* Read what waits on one side, up to a batch. */
static void queue_fill(struct relay *relay, struct queue *queue)
{
    tun_empty(queue->from->tun);
    for (unsigned i = 0; i < BATCH; i++) {
        struct packet *packet = &queue->packets[queue->head % QUEUE_SLOTS];
        uint64_t sent_ns = packet_take(queue->from, packet);

        if (sent_ns == 0)
            return;
        packet->due_ns = sent_ns + queue->delay_ns;
        if (queue == &relay->there && is_lost_by_rule(relay, packet))
            relay->syns_lost++;
        else if (is_lost_by_chance(relay))
            relay->lost++;
        else if (queue->head - queue->tail == QUEUE_SLOTS - 1)
            relay->overflowed++;
        else
            queue->head++;
    }
}

static void queue_count_extra(struct queue *queue, uint64_t late_ns)
{
    uint64_t step = late_ns / EXTRA_NS;

    queue->extra[step < EXTRA_STEPS ? step : EXTRA_STEPS - 1]++;
    queue->sent++;
}

/* Send what is due. Returns when the next one is. */
static uint64_t queue_drain(struct relay *relay, struct queue *queue)
{
    while (queue->tail != queue->head) {
        struct packet *packet = &queue->packets[queue->tail % QUEUE_SLOTS];
        uint64_t now = now_ns();

        if (packet->due_ns > now)
            return packet->due_ns;
        /* A device that is not up, or is full, loses packets as any other does. */
        if (write(queue->to->tun, packet->data, packet->bytes) == (ssize_t)packet->bytes)
            relay->carried++;
        else
            relay->overflowed++;
        relay->late += now - packet->due_ns > LATE_NS;
        queue_count_extra(queue, now - packet->due_ns);
        queue->tail++;
    }
    return UINT64_MAX;
}

/* How late seven of eight packets were at most: of a sum of four such times, half are no longer
 * than the sum of four of these. */
static uint64_t queue_extra_us(const struct queue *queue)
{
    uint64_t seen = 0;
    unsigned step = 0;

    while (step < EXTRA_STEPS && (seen += queue->extra[step]) * 8 < queue->sent * 7)
        step++;
    return (step + 1) * (EXTRA_NS / 1000);
}

static void relay_run(struct relay *relay)
{
    struct pollfd polls[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = relay->near.socket, .events = POLLIN},
        {.fd = relay->far.socket, .events = POLLIN},
    };

    for (;;) {
        uint64_t there_ns = queue_drain(relay, &relay->there);
        uint64_t back_ns = queue_drain(relay, &relay->back);
        uint64_t due_ns = there_ns < back_ns ? there_ns : back_ns;
        uint64_t now = now_ns();
        uint64_t wait_ns = due_ns > now + SPIN_NS ? due_ns - now - SPIN_NS : 0;
        struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                .tv_nsec = (long)(wait_ns % NS_PER_S)};

        if (ppoll(polls, 3, due_ns == UINT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR)
            fail("ppoll");
        if (polls[1].revents)
            queue_fill(relay, &relay->there);
        if (polls[2].revents)
            queue_fill(relay, &relay->back);
        if (polls[0].revents)
            return;
    }
}

static void end_open(struct end *end, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int buffer_bytes = 64 << 20, on = 1;

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    end->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (end->tun < 0 || ioctl(end->tun, TUNSETIFF, &request) != 0)
        fail("/dev/net/tun");

    address.sll_ifindex = (int)if_nametoindex(name);
    end->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* nothing before it is bound */
    if (end->socket < 0 ||
        setsockopt(end->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
        bind(end->socket, (const struct sockaddr *)&address, sizeof(address)) != 0)
        fail("packet socket");
    /* Beyond the usual limit, if that is allowed. */
    if (setsockopt(end->socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(int)) != 0)
        setsockopt(end->socket, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(int));
}

static void *memory_new(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

/* Be woken in time: before others where that is allowed, and without slack in the timers. */
static void hurry(void)
{
    struct sched_param first = {.sched_priority = 1};

    prctl(PR_SET_TIMERSLACK, 1ul);
    (void)sched_setscheduler(0, SCHED_FIFO, &first);
}

static void relay_init(struct relay *relay, char *argv[])
{
    relay->there.packets = memory_new(QUEUE_SLOTS * sizeof(struct packet));
    relay->back.packets = memory_new(QUEUE_SLOTS * sizeof(struct packet));
    relay->syns = memory_new(SYN_SLOTS * sizeof(struct syn));
    relay->there.delay_ns = strtoull(argv[3], NULL, 10) * 1000;
    relay->back.delay_ns = strtoull(argv[4], NULL, 10) * 1000;
    relay->loss_ppm = strtoull(argv[5], NULL, 10);
    relay->random = strtoull(argv[6], NULL, 10);
    for (char **text = argv + 7; *text && relay->rule_count < RULES_MAX; text++) {
        struct rule *rule = &relay->rules[relay->rule_count++];
        char *colon;

        rule->every = (uint32_t)strtoul(*text, &colon, 10);
        rule->times = *colon == ':' ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
        if (rule->every == 0 || rule->times == 0) {
            errno = EINVAL;
            fail(*text);
        }
    }
    relay->there.from = relay->back.to = &relay->near;
    relay->there.to = relay->back.from = &relay->far;
    end_open(&relay->near, argv[1]);
    if (unshare(CLONE_NEWNET) != 0)
        fail("unshare");
    end_open(&relay->far, argv[2]);
}

int main(int argc, char *argv[])
{
    static struct relay relay;

    if (argc < 7) {
        fprintf(stderr, "usage: relay NEAR FAR THERE_US BACK_US LOSS_PPM SEED [EVERY:TIMES]...\n");
        return 2;
    }
    relay_init(&relay, argv);
    hurry();
    puts("relay: ready");
    fflush(stdout);
    relay_run(&relay);
    printf("relay: carried=%" PRIu64 " lost=%" PRIu64 " syns_lost=%" PRIu64 " overflowed=%" PRIu64
           " late=%" PRIu64 " there_extra_us=%" PRIu64 " back_extra_us=%" PRIu64 "\n",
           relay.carried, relay.lost, relay.syns_lost, relay.overflowed, relay.late,
           queue_extra_us(&relay.there), queue_extra_us(&relay.back));
    return 0;
}
