#include "server/patience.h"

enum patience_end patience_judge(const struct patience *patience)
{
    if (patience->left_bytes == 0) /* just now: the client has the usual time to close */
        return patience->late ? PATIENCE_LINGER : PATIENCE_EXPIRED;
    if (patience->overdue)
        return PATIENCE_STALLED;
    if (patience->left_bytes < patience->before_bytes)
        return PATIENCE_LINGER;
    if (patience->refused)
        return PATIENCE_STALLED;
    /* Silence: packets are lost, or the client's host is gone. It stays as long as its place is not
     * needed: input that comes after a close makes the kernel reset the client. */
    return patience->scarce ? PATIENCE_ORPHANED : PATIENCE_WATCH;
}
