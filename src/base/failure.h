/* Why a program cannot go on: one line for the user, and the class that decides the exit code. The
 * class stands beside the line, because an errno means different things in different calls: EINVAL
 * is a wrong option here, and an old kernel there.
 *
 * A function that takes a failure returns 0 or -errno as usual, and on errors fills the failure in.
 * A function all of whose errors are of one class only writes the line; its caller, who knows what
 * was asked, states the class (failure_classify).
 *
 * Thread rule: a failure belongs to one thread. */
#ifndef HELLO_FAILURE_H
#define HELLO_FAILURE_H

/* Enough to say what each of the engines lacks. */
#define FAILURE_LINE_BYTES 1024

enum failure_class {
    FAILURE_SYSTEM,  /* this machine or its limits: a port in use, no memory, a refused engine */
    FAILURE_USAGE,   /* what the user asked for: options, paths, targets */
    FAILURE_STOPPED, /* a signal requested a stop before there was anything to stop */
};

struct failure {
    enum failure_class class;
    char line[FAILURE_LINE_BYTES]; /* lower case, no full stop, no program name, no newline */
};

/* Fill in a failure; `format` as for printf(3). Returns `result`, so that a caller can return it.
 */
int failure_set(struct failure *failure, enum failure_class class, int result, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* The same for a line that a called function has written, if it failed. Returns `result`. */
static inline int failure_classify(struct failure *failure, enum failure_class class, int result)
{
    if (result < 0)
        failure->class = class;
    return result;
}

#endif
