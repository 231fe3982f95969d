#include "base/slab.h"

#include "base/check.h"
#include "base/pages.h"

#include <errno.h>
#include <string.h>

#define SLAB_NONE UINT32_MAX

/* A token is the low bits of the generation above the index. */
#define TOKEN_INDEX_BITS      32
#define TOKEN_GENERATION_MASK 0xffffffu

static struct slab_item *item_at(const struct slab *slab, uint32_t index)
{
    return (struct slab_item *)(void *)(slab->items + (size_t)index * slab->item_bytes);
}

static uint32_t item_index(const struct slab *slab, const void *item)
{
    return (uint32_t)((size_t)((const unsigned char *)item - slab->items) / slab->item_bytes);
}

int slab_init(struct slab *slab, uint32_t capacity, size_t item_bytes)
{
    void *items = pages_map((size_t)capacity * item_bytes);

    if (!items)
        return -ENOMEM;
    *slab = (struct slab){
        .items = items, .item_bytes = item_bytes, .capacity = capacity, .free_first = SLAB_NONE};
    return 0;
}

void slab_release(struct slab *slab)
{
    pages_unmap(slab->items, (size_t)slab->capacity * slab->item_bytes);
    *slab = (struct slab){0};
}

void *slab_take(struct slab *slab)
{
    struct slab_item *item;

    if (slab->free_first != SLAB_NONE) {
        item = item_at(slab, slab->free_first);
        slab->free_first = item->next_free;
        memset(item + 1, 0, slab->item_bytes - sizeof(*item));
    } else if (slab->touched < slab->capacity) {
        item = item_at(slab, slab->touched++);
    } else {
        return NULL;
    }
    CHECK(item->generation % 2 == 0, "item=%u generation=%u is in use", item_index(slab, item),
          item->generation);
    item->generation++;
    slab->live++;
    return item;
}

void slab_give(struct slab *slab, void *item)
{
    struct slab_item *head = item;

    CHECK(head->generation % 2 == 1, "item=%u generation=%u is free", item_index(slab, item),
          head->generation);
    head->generation++;
    head->next_free = slab->free_first;
    slab->free_first = item_index(slab, item);
    slab->live--;
}

uint64_t slab_token(const struct slab *slab, const void *item)
{
    const struct slab_item *head = item;
    uint64_t generation = head->generation & TOKEN_GENERATION_MASK;

    CHECK(generation % 2 == 1, "item=%u generation=%u is free", item_index(slab, item),
          head->generation);
    return generation << TOKEN_INDEX_BITS | item_index(slab, item);
}

void *slab_find(const struct slab *slab, uint64_t token)
{
    uint32_t index = (uint32_t)token;
    struct slab_item *item;

    if (index >= slab->touched)
        return NULL;
    item = item_at(slab, index);
    return (item->generation & TOKEN_GENERATION_MASK) == token >> TOKEN_INDEX_BITS ? item : NULL;
}

void *slab_next(const struct slab *slab, const void *item)
{
    uint32_t index = item ? item_index(slab, item) + 1 : 0;

    for (; index < slab->touched; index++) {
        struct slab_item *next = item_at(slab, index);

        if (next->generation & 1)
            return next;
    }
    return NULL;
}
