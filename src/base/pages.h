/* Large tables of which little is used: zeroed memory that the kernel allocates page by page on
 * first access. */
#ifndef HELLO_PAGES_H
#define HELLO_PAGES_H

#include <stddef.h>

/* Map this much, without a guarantee of memory for all of it (MAP_NORESERVE, mmap(2)). The caller
 * frees it with pages_unmap. Returns NULL if the address space does not allow it. */
void *pages_map(size_t bytes);

/* Free memory from pages_map; NULL is allowed. */
void pages_unmap(void *pages, size_t bytes);

#endif
