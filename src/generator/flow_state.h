/* Shared by the files of the flows, and private to them. */
#ifndef HELLO_FLOW_STATE_H
#define HELLO_FLOW_STATE_H

#include "generator/flow.h"
#include "generator/proxy_header.h"

/* The input buffer of each flow: enough for a short greeting, and to see that there is more, which
 * is then read into the buffer shared by all flows of a thread. */
#define FLOW_BUFFER_BYTES 24

/* The size of the shared buffer. */
#define FLOW_SHARED_BYTES (64u << 10)

enum flow_state {
    FLOW_CONNECTING,
    FLOW_SENDING_HEADER,
    FLOW_SENDING,
    FLOW_READING,
    FLOW_RESTING, /* ended, but its place is not free yet */
};

struct flow {
    struct slab_item item;
    int sock;
    uint8_t state; /* enum flow_state */
    uint8_t target;
    bool measured;
    uint8_t expired; /* enum result: why its operation was cancelled; RESULT_OK: it was not */
    bool is_reset;   /* reset before it read: earlier input must still be read */
    uint8_t header_bytes;
    int16_t connect_error; /* -errno: it seemed connected, but was not; 0: unknown */
    uint16_t source_tries; /* sources tried for its socket, in vain or not */
    uint32_t moved_bytes;  /* being sent, or received */
    uint64_t intended_ns, connected_ns, greeted_ns;
    struct deadline deadline;  /* of the timeout, or of the rest */
    struct deadline handshake; /* of its timeout, then of the check that it exists */
    unsigned char buffer[];    /* FLOW_BUFFER_BYTES for input, or the size of a header */
};
_Static_assert(sizeof(struct flow) + FLOW_BUFFER_BYTES <= 128, "a flow fits into two cache lines");
_Static_assert(TARGETS_MAX <= UINT8_MAX, "a target fits into its field");
_Static_assert(PROXY_HEADER_BYTES_MAX >= FLOW_BUFFER_BYTES, "a header's buffer takes input, too");

/* True if its handshake was reported as done, but not yet confirmed. */
bool flow_is_unproven(const struct flow *flow);

/* The only exit of a flow; nothing may be pending on its socket, if it has one. RESULT_OTHER is
 * counted by `error`, a -errno. */
void flow_close(struct flows *flows, struct flow *flow, enum result result, int error,
                uint64_t now_ns);

/* Close a flow for an error (-errno) of its operation, or for the reason of the cancel. */
void flow_fail(struct flows *flows, struct flow *flow, int error, uint64_t now_ns);

/* Wait for input. */
void flow_read(struct flows *flows, struct flow *flow, uint64_t now_ns);

/* Input has come: this many bytes, or EOF. */
void flow_received(struct flows *flows, struct flow *flow, uint32_t bytes, uint64_t now_ns);

#endif
