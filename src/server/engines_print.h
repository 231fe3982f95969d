/* Print which engines work here. */
#ifndef HELLO_ENGINES_PRINT_H
#define HELLO_ENGINES_PRINT_H

#include <stdint.h>
#include <stdio.h>

/* Try each engine, for sockets with numbers below sockets_max. Print one line each, in the form of
 * --print-config: whether it works or why not, and what would enable it. */
void engines_print(uint32_t sockets_max, FILE *out);

#endif
