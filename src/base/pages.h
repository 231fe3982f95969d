/* Large tables of which little is used: zeroed memory that the kernel gives page by page as it is
 * touched. */
#ifndef HELLO_PAGES_H
#define HELLO_PAGES_H

#include <stddef.h>

/* Map this much, with no promise that there is memory for all of it (MAP_NORESERVE, mmap(2)).
 * Returns it, the caller's to give to pages_unmap, or NULL if the address space does not allow it.
 */
void *pages_map(size_t bytes);

/* Give back what pages_map gave; NULL is fine. */
void pages_unmap(void *pages, size_t bytes);

#endif
