/* Which engines work here. */
#ifndef HELLO_ENGINES_PRINT_H
#define HELLO_ENGINES_PRINT_H

#include <stdint.h>
#include <stdio.h>

/* Try each engine, for sockets with numbers below sockets_max, and print whether it works or why
 * not, and what would enable it: a line each, as --print-config prints facts. */
void engines_print(uint32_t sockets_max, FILE *out);

#endif
