/* Which version of a program this is: that of CMakeLists.txt, and the revision of the tree.
 *
 * Thread rule: any thread. */
#ifndef HELLO_VERSION_H
#define HELLO_VERSION_H

#include <stdio.h>

/* The first seven digits of the revision that the programs are built from, followed by ", modified"
 * if the tree had other changes; "" if it is unknown, as in an archive without git. The build makes
 * it (cmake/Revision.cmake). */
extern const char version_revision[];

/* Write the line of --version: "hello-server 1.2.3 (abcdef0)", or without the revision. */
void version_write(const char *program, FILE *out);

#endif
