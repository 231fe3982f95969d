#include "server/patience.h"

enum patience_end patience_judge(const struct patience *patience)
{
    if (patience->left_bytes == 0) /* if only now, the client has the usual time to close */
        return patience->late ? PATIENCE_LINGER : PATIENCE_EXPIRED;
    if (patience->overdue)
        return PATIENCE_STALLED;
    if (patience->left_bytes < patience->before_bytes)
        return PATIENCE_LINGER;
    if (patience->refused)
        return PATIENCE_STALLED;
    /* Nothing is heard: packets are lost, or the client's host is gone. As long as its place can be
     * spared it is kept: input that comes after a close makes the kernel reset the client. */
    return patience->scarce ? PATIENCE_ORPHANED : PATIENCE_WATCH;
}
