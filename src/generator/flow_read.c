/* How flows read: input is compared in place, byte by byte. */
#include "base/check.h"
#include "generator/flow_state.h"

#include <errno.h>
#include <string.h>

/* How often one flow may fill the shared buffer before other flows continue. */
#define FLOW_SHARED_READS 16

void flow_read(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    bool any = flows->settings->config->options.expect.any; /* then the bytes do not matter */
    int result =
        engine_recv(flows->engine, slab_token(&flows->slab, flow), flow->sock,
                    any ? NULL : flow->buffer, any ? ENGINE_DISCARD_BYTES : FLOW_BUFFER_BYTES, 0);

    if (result < 0)
        flow_fail(flows, flow, result, now_ns);
}

/* Record the length of the first answer that ended too early. */
static void flow_keep_short(struct flows *flows, const struct flow *flow, uint64_t now_ns)
{
    struct short_answer *answer = &flows->short_answers[flow->target];

    if (flow->measured && answer->at_ns == 0)
        *answer = (struct short_answer){.at_ns = now_ns, .came_bytes = flow->moved_bytes};
}

/* EOF: the greeting is everything before it. */
static void flow_at_end(struct flows *flows, struct flow *flow, uint64_t now_ns)
{
    const struct option_bytes *expect = &flows->settings->config->options.expect;
    bool is_short = !expect->any && flow->moved_bytes < expect->bytes;

    if (flow->is_reset) {
        flow_fail(flows, flow, -ECONNRESET, now_ns);
        return;
    }
    if (flow->greeted_ns == 0 && !is_short)
        flow->greeted_ns = now_ns; /* any answer was expected, and none came */
    if (is_short)
        flow_keep_short(flows, flow, now_ns);
    flow_close(flows, flow, is_short ? RESULT_SHORT : RESULT_OK, 0, now_ns);
}

_Static_assert(FLOW_BUFFER_BYTES < WRONG_ANSWER_BYTES_MAX, "more of it can be kept");

/* Record the start of the first wrong answer. */
static void flow_keep_wrong(struct flows *flows, const struct flow *flow, const unsigned char *data,
                            uint32_t bytes, uint64_t now_ns)
{
    struct wrong_answer *wrong = &flows->wrong_answers[flow->target];
    int more;

    if (wrong->bytes > 0 || !flow->measured)
        return;
    wrong->at_ns = now_ns;
    wrong->offset = flow->moved_bytes;
    wrong->bytes = bytes < WRONG_ANSWER_BYTES_MAX ? bytes : WRONG_ANSWER_BYTES_MAX;
    memcpy(wrong->data, data, wrong->bytes);
    if (data != flow->buffer || bytes < FLOW_BUFFER_BYTES)
        return;
    more = engine_recv_now(flows->engine, flow->sock, wrong->data + bytes,
                           WRONG_ANSWER_BYTES_MAX - bytes);
    if (more > 0)
        wrong->bytes += (uint32_t)more;
}

/* Compare the input with the next expected bytes. Returns true to read on; else the flow has
 * ended. */
static bool flow_compare(struct flows *flows, struct flow *flow, const unsigned char *data,
                         uint32_t bytes, uint64_t now_ns)
{
    const struct option_bytes *expect = &flows->settings->config->options.expect;
    uint32_t missing_bytes = expect->bytes - flow->moved_bytes;
    uint32_t compared_bytes = bytes < missing_bytes ? bytes : missing_bytes;

    CHECK(flow->moved_bytes <= expect->bytes, "moved_bytes=%u expected=%u", flow->moved_bytes,
          expect->bytes);
    if (memcmp(data, expect->data + flow->moved_bytes, compared_bytes) != 0) {
        flow_keep_wrong(flows, flow, data, bytes, now_ns);
        flow_close(flows, flow, RESULT_MISMATCH, 0, now_ns);
        return false;
    }
    if (bytes >= missing_bytes && flow->greeted_ns == 0)
        flow->greeted_ns = now_ns;
    if (bytes > missing_bytes) {
        flow_keep_wrong(flows, flow, data, bytes, now_ns);
        flow_close(flows, flow, RESULT_EXTRA, 0, now_ns);
        return false;
    }
    flow->moved_bytes += bytes;
    return true;
}

/* Input has come. If it does not fill the buffer, there is no more, as with a short greeting; else
 * read the rest at once, in large parts. */
void flow_received(struct flows *flows, struct flow *flow, uint32_t bytes, uint64_t now_ns)
{
    const unsigned char *data = flow->buffer;
    uint32_t room_bytes = FLOW_BUFFER_BYTES;
    int result = (int)bytes;

    if (bytes > 0 && flows->settings->config->options.expect.any) {
        flow->greeted_ns = now_ns; /* unless more comes */
        flow_read(flows, flow, now_ns);
        return;
    }
    for (int reads = 0; result > 0; reads++) {
        if (!flow_compare(flows, flow, data, (uint32_t)result, now_ns))
            return;
        if ((uint32_t)result < room_bytes || reads == FLOW_SHARED_READS)
            break;
        data = flows->shared;
        room_bytes = FLOW_SHARED_BYTES;
        result = engine_recv_now(flows->engine, flow->sock, flows->shared, room_bytes);
    }
    if (result == 0)
        flow_at_end(flows, flow, now_ns);
    else if (result < 0 && result != -EAGAIN)
        flow_fail(flows, flow, result, now_ns);
    else
        flow_read(flows, flow, now_ns);
}
