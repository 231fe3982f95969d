/* The first instructions of the static program, on x86-64: block what base/signals_early.c blocks,
 * which is not reached before the program has relocated itself and chosen its versions of
 * functions: a quarter of a millisecond, in which PID 1 of a container loses its signals. Then go
 * on as every program begins.
 *
 * Nothing is relocated yet, so the set stands in the code, and is put on the stack. For _start all
 * is as the kernel left it: the stack, and 0 in rdx, since there is no function of a dynamic loader
 * to be called at the end (System V ABI for x86-64, "Process Initialization"; ELF_PLAT_INIT in
 * Linux's arch/x86/include/asm/elf.h). That a system call overwrites rcx and r11 does not matter to
 * it. A program that cannot block its signals here will say so later. */
#include "base/signals_early.h"

#include <asm/unistd.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

__attribute__((naked, noreturn, used)) void signals_entry(void);

void signals_entry(void)
{
    __asm__("pushq $" TEXT(
        SIGNALS_EARLY_SET) "\n\t"
                           "movl $" TEXT(
                               __NR_rt_sigprocmask) ", %eax\n\t"
                                                    "movl $" TEXT(
                                                        SIG_BLOCK) ", %edi\n\t"
                                                                   "movq %rsp, %rsi\n\t" /* the set
                                                                                          */
                                                                   "xorl %edx, %edx\n\t" /* nobody
                                                                                            asks
                                                                                            what was
                                                                                            blocked
                                                                                            before
                                                                                          */
                                                                   "movl $8, %r10d\n\t"  /* bytes of
                                                                                            a set */
                                                                   "syscall\n\t"
                                                                   "popq %rsi\n\t"
                                                                   "jmp _start");
}
