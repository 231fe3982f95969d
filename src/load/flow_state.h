/* What the files of the flows share. Private to them. */
#ifndef HELLO_FLOW_STATE_H
#define HELLO_FLOW_STATE_H

#include "load/flow.h"
#include "load/proxy_header.h"

/* What each flow waits with for input: enough for a short greeting, and for finding that there is
 * more of it, which is then read into the buffer that all flows of a thread share. */
#define FLOW_BUFFER_BYTES 24

/* The size of that. */
#define FLOW_SHARED_BYTES (64u << 10)

enum flow_state {
    FLOW_CONNECTING,
    FLOW_SENDING_HEADER,
    FLOW_SENDING,
    FLOW_READING,
    FLOW_RESTING, /* ended; only its place is not given back yet */
};

struct flow {
    struct slab_item item;
    int sock;
    uint8_t state; /* enum flow_state */
    uint8_t lane;
    bool measured;
    uint8_t expired; /* enum result: its operation was cancelled for it; RESULT_OK: it was not */
    bool is_reset;   /* before it read: what came before that is still to be read */
    uint8_t header_bytes;
    int16_t connect_error; /* -errno: it seemed to be connected, and was not; 0: nothing is known */
    uint16_t source_tries; /* places that its socket was bound to, or could not be */
    uint32_t moved_bytes;  /* of what is being sent, or was received */
    uint64_t intended_ns, connected_ns, greeted_ns;
    struct deadline deadline;  /* of the timeout, or of the rest */
    struct deadline handshake; /* of its timeout, then of the look whether it was made */
    unsigned char buffer[];    /* FLOW_BUFFER_BYTES for input, or what a header takes */
};
_Static_assert(sizeof(struct flow) + FLOW_BUFFER_BYTES <= 128, "a flow fits into two cache lines");
_Static_assert(TARGETS_MAX <= UINT8_MAX, "a lane fits into its field");
_Static_assert(PROXY_HEADER_BYTES_MAX >= FLOW_BUFFER_BYTES, "a header's buffer takes input, too");

/* True if its handshake is told to be done, which nothing has shown yet. */
bool flow_is_unproven(const struct flow *flow);

/* The only exit of a flow: nothing is pending on its socket, if it has one. `error`, a -errno, is
 * what RESULT_OTHER is counted by. */
void flow_close(struct flows *flows, struct flow *flow, enum result result, int error,
                uint64_t now_ns);

/* Close a flow for an error (-errno) of its operation, or for what that was cancelled for. */
void flow_fail(struct flows *flows, struct flow *flow, int error, uint64_t now_ns);

/* Wait for input. */
void flow_read(struct flows *flows, struct flow *flow, uint64_t now_ns);

/* Input has come, so many bytes of it, or EOF. */
void flow_received(struct flows *flows, struct flow *flow, uint32_t bytes, uint64_t now_ns);

#endif
