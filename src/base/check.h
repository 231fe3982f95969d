/* What must hold if the program is right, whatever clients, the kernel or the user do: an
 * invariant. Where it does not hold, the program would count wrongly, or serve one client with the
 * state of another. So it says what it found in one line and ends with SIGABRT, in every build.
 *
 * Not for what comes from outside: input, results of system calls and usage have error paths. Not
 * once per byte: a check costs a compare and a branch that is never taken.
 *
 * Thread rule: any thread. */
#ifndef HELLO_CHECK_H
#define HELLO_CHECK_H

#include <stdint.h>

/* CHECK(holds, format, ...): `format` as for printf(3) has the values to tell, integers and strings
 * only. They are evaluated only if it does not hold.
 *
 *   CHECK(moved <= asked, "moved=%u asked=%u", moved, asked);
 *   invariant broken: moved <= asked (src/load/flow.c:112): moved=7 asked=6 */
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

/* Write "invariant broken: EXPRESSION (FILE:LINE): VALUES" to standard error, by one write(2) of a
 * line that is made on the stack, without memory or locks; a standard error that takes nothing is
 * given a second. Then abort(3). For CHECK and CHECK_EQUAL. */
_Noreturn void check_failed(const char *expression, const char *file, int line, const char *format,
                            ...) __attribute__((cold, format(printf, 4, 5)));

#endif
