/* The exit codes of every program. */
#ifndef HELLO_EXIT_CODE_H
#define HELLO_EXIT_CODE_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_CANNOT_RUN = 1, /* the environment: port in use, engine refused, limits too low */
    EXIT_USAGE = 2,      /* the options */
    EXIT_MISSED = 3,     /* it ran, but an expectation was not met */
};

#endif
