/* The signals blocked before any code of the program runs: those that base/signals.c reads
 * or ignores and that would end a process. */
#ifndef HELLO_SIGNALS_EARLY_H
#define HELLO_SIGNALS_EARLY_H

#include <signal.h>

#define SIGNALS_EARLY_BIT(signal) (1 << ((signal)-1))

/* A set in the kernel's form; plain numbers, so that an assembler can also read it. */
#define SIGNALS_EARLY_SET                                                                 \
    (SIGNALS_EARLY_BIT(SIGTERM) | SIGNALS_EARLY_BIT(SIGINT) | SIGNALS_EARLY_BIT(SIGHUP) | \
     SIGNALS_EARLY_BIT(SIGQUIT) | SIGNALS_EARLY_BIT(SIGUSR1) | SIGNALS_EARLY_BIT(SIGUSR2))

#endif
