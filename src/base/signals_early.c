/* Part of each program, not of a library: blocks the signals for base/signals.c before the
 * libraries are initialized, since PID 1 of a container loses a signal that it neither blocks nor
 * handles (pid_namespaces(7)). A signal that arrives while the kernel and the dynamic loader still
 * set up the process is too early for our code: it ends an ordinary process, and PID 1 does not see
 * it. A static program has no loader and does this even earlier: base/signals_entry.c. */
#include "base/signals_early.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <sys/syscall.h>

/* A direct system call: sanitizers are not initialized yet. */
__attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined"))) static void
signals_block(void)
{
    const uint64_t set = SIGNALS_EARLY_SET;

    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof(set));
}

/* The first code of a program that runs (ELF gABI, "Initialization and Termination Functions"). */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the pointer is const */
__attribute__((section(".preinit_array"), used)) static void (*const block)(void) = signals_block;
