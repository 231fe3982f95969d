/* For tests of what breaks an invariant: the process that does so ends. */
#ifndef HELLO_BREAKING_H
#define HELLO_BREAKING_H

/* Do it in a child process. The test fails unless that ends by SIGABRT with one line on its
 * standard error, "invariant broken: ...", that contains `expected`. */
void assert_breaks(void (*action)(void *context), void *context, const char *expected);

#endif
