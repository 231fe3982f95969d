/* An invariant: it holds in a correct program, whatever clients, the kernel or the user do. If it
 * is broken, the program would count wrongly, or serve one client with the state of another. So it
 * prints the values it found in one line and ends with SIGABRT, in every build.
 *
 * Not for outside data: input, system call results and usage have error paths. Not once per byte: a
 * check costs a compare and a branch that is never taken.
 *
 * Thread rule: any thread. */
#ifndef HELLO_CHECK_H
#define HELLO_CHECK_H

#include <stdint.h>

/* CHECK(holds, format, ...): `format` as for printf(3) prints the values, integers and strings
 * only. They are evaluated only if the check fails.
 *
 *   CHECK(moved <= asked, "moved=%u asked=%u", moved, asked);
 *   invariant broken: moved <= asked (src/generator/flow.c:112): moved=7 asked=6 */
#define CHECK(holds, ...)                                          \
    do {                                                           \
        if (__builtin_expect(!(holds), 0))                         \
            check_failed(#holds, __FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/* Two numbers are equal; each is evaluated once. */
#define CHECK_EQUAL(expected, value)                                                           \
    do {                                                                                       \
        const uint64_t check_expected = (expected), check_value = (value);                     \
        if (__builtin_expect(check_expected != check_value, 0))                                \
            check_failed(#expected " == " #value, __FILE__, __LINE__, "%llu is not %llu",      \
                         (unsigned long long)check_expected, (unsigned long long)check_value); \
    } while (0)

/* Write "invariant broken: EXPRESSION (FILE:LINE): VALUES" to standard error, in one write(2) of a
 * line that is built on the stack, without malloc or locks. If standard error is blocked, wait up
 * to a second. Then abort(3). For CHECK and CHECK_EQUAL. */
_Noreturn void check_failed(const char *expression, const char *file, int line, const char *format,
                            ...) __attribute__((cold, format(printf, 4, 5)));

#endif
