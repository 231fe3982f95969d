/* A fixed number of equal items, made once and never moved, with tokens that distinguish a reused
 * item from its predecessor. The kernel allocates memory page by page as items are first used, and
 * freed items are reused first, so an idle program stays small.
 *
 * Thread rule: a slab belongs to one thread. */
#ifndef HELLO_SLAB_H
#define HELLO_SLAB_H

#include <stddef.h>
#include <stdint.h>

/* Every item starts with this; owned by the slab. */
struct slab_item {
    uint32_t generation; /* odd while in use */
    uint32_t next_free;
};

struct slab {
    unsigned char *items;
    size_t item_bytes;
    uint32_t capacity;
    uint32_t touched;    /* items that were ever in use are the first ones */
    uint32_t free_first; /* SLAB_NONE: no freed item */
    uint32_t live;       /* items in use */
};

/* Make a slab. Returns 0 or -ENOMEM. */
int slab_init(struct slab *slab, uint32_t capacity, size_t item_bytes);

/* Free all memory; a zeroed slab is allowed. */
void slab_release(struct slab *slab);

/* Take an item, zeroed except its head. Returns NULL if all are in use. */
void *slab_take(struct slab *slab);

/* Free an item that is in use. Its token becomes stale. */
void slab_give(struct slab *slab, void *item);

/* The token of an item in use: never 0, below 2^56, not reused for 2^23 uses of an item. */
uint64_t slab_token(const struct slab *slab, const void *item);

/* The item of a token. Returns NULL if it was freed since. */
void *slab_find(const struct slab *slab, uint64_t token);

/* Walk the items in use: start with NULL; returns NULL after the last. */
void *slab_next(const struct slab *slab, const void *item);

#endif
