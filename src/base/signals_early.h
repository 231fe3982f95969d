/* Which signals are blocked before anything of the program runs: all that base/signals.c reads or
 * ignores and that would end a process. */
#ifndef HELLO_SIGNALS_EARLY_H
#define HELLO_SIGNALS_EARLY_H

#include <signal.h>

#define SIGNALS_EARLY_BIT(signal) (1 << ((signal)-1))

/* A set as the kernel has it; of plain numbers, so that an assembler can read it, too. */
#define SIGNALS_EARLY_SET                                                                 \
    (SIGNALS_EARLY_BIT(SIGTERM) | SIGNALS_EARLY_BIT(SIGINT) | SIGNALS_EARLY_BIT(SIGHUP) | \
     SIGNALS_EARLY_BIT(SIGQUIT) | SIGNALS_EARLY_BIT(SIGUSR1) | SIGNALS_EARLY_BIT(SIGUSR2))

#endif
