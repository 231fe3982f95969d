/* The first instructions of the static program, on x86-64: block what base/signals_early.c blocks,
 * which runs only after the program has relocated itself and selected its function versions: a
 * quarter of a millisecond, in which PID 1 of a container loses its signals. Then start like every
 * program.
 *
 * Nothing is relocated yet, so the set is in the code, and is put on the stack. _start gets the
 * state from the kernel: the stack, and 0 in rdx, since no dynamic loader has a function to call at
 * the end (System V ABI for x86-64, "Process Initialization"; ELF_PLAT_INIT in Linux's
 * arch/x86/include/asm/elf.h). A system call overwrites rcx and r11; _start does not use them. A
 * program that cannot block its signals here reports it later. */
#include "base/signals_early.h"

#include <asm/unistd.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

__attribute__((naked, noreturn, used)) void signals_entry(void);

void signals_entry(void)
{
    /* clang-format off */
    __asm__("pushq $" TEXT(SIGNALS_EARLY_SET) "\n\t"
            "movl $" TEXT(__NR_rt_sigprocmask) ", %eax\n\t"
            "movl $" TEXT(SIG_BLOCK) ", %edi\n\t"
            "movq %rsp, %rsi\n\t" /* the set */
            "xorl %edx, %edx\n\t" /* no old set */
            "movl $8, %r10d\n\t"  /* bytes of a set */
            "syscall\n\t"
            "popq %rsi\n\t"
            "jmp _start");
    /* clang-format on */
}
