/* Part of each program, and of no library: blocks what base/signals.c is going to read before the
 * libraries are initialized, since as PID 1 of a container a process loses a signal that it neither
 * blocks nor handles (pid_namespaces(7)). What comes while the kernel and the dynamic loader still
 * make the process meets no code of ours: it ends an ordinary process, and PID 1 does not see it.
 * There is no loader before a static program, which does this even earlier: base/signals_entry.c.
 */
#include "base/signals_early.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/syscall.h>

/* By a plain system call: sanitizers are not yet there to see more. */
__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"))) static void
signals_block(void)
{
    const uint64_t set = SIGNALS_EARLY_SET;

    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof(set));
}

/* The first code of a program that runs (ELF gABI, "Initialization and Termination Functions"). */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the pointer is const */
__attribute__((section(".preinit_array"), used)) static void (*const block)(void) = signals_block;
