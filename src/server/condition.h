/* Conditions that an operator should know of: something is short, or fails. Each cause is told when
 * it begins and when it is over, for all workers as one, and what comes and goes often is told of
 * with its number: at most two lines a minute for each cause, whatever clients do.
 *
 * Thread rule: any thread, but for conditions_init and conditions_release. Nobody waits for long:
 * the lock is held while a line is made, and a worker takes it once a second for each cause at
 * most. */
#ifndef HELLO_CONDITION_H
#define HELLO_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The next line about the same cause comes no earlier, but for the one that says that it is over.
 */
#define CONDITION_INTERVAL_NS (UINT64_C(60) * 1000000000)

/* What lasts is told again after the interval, and then this often. */
#define CONDITION_REMINDER_NS (UINT64_C(3600) * 1000000000)

#define CONDITION_WHAT_BYTES 128

enum condition_cause {
    CONDITION_ROOM,        /* clients wait, as --max-connections are open */
    CONDITION_DESCRIPTORS, /* clients wait for want of descriptors */
    CONDITION_MEMORY,      /* clients wait for want of memory */
    CONDITION_ACCEPTING,   /* accepting fails, or cannot begin, for another reason */
    CONDITION_CONNECTIONS, /* connections fail or are held up, by no fault of their clients */
    CONDITION_COUNT,
};

/* What was seen. */
struct condition_sight {
    char what[CONDITION_WHAT_BYTES]; /* "cannot accept" */
    const char *call;                /* the system call that failed, or NULL: none did */
    int error;                       /* its errno, positive */
};

/* One cause. Private to condition.c. */
struct condition {
    uint32_t workers; /* that suffer from it */
    bool told;        /* that it began, and not yet that it is over */
    bool reminded;
    uint64_t began_ns;
    uint64_t told_ns; /* the last line; 0: none */
    uint64_t untold;  /* how often it began since then */
    struct condition_sight sight;
};

struct conditions {
    pthread_mutex_t lock;
    void (*notice)(void *context, const char *line);
    void *context;
    struct condition causes[CONDITION_COUNT];
};

/* Make conditions of which nothing is known. `notice` gets each line, from any thread, and must
 * not wait. */
void conditions_init(struct conditions *conditions, void (*notice)(void *context, const char *line),
                     void *context);

/* Free what conditions_init took. */
void conditions_release(struct conditions *conditions);

/* Tell what is still to be told of, now that all workers have ended. */
void conditions_flush(struct conditions *conditions, uint64_t now_ns);

/* The cause that an errno (positive) of accepting or sending stands for. */
enum condition_cause condition_cause_of(int error);

/* A worker begins to suffer from a cause. Returns as conditions_tell. */
uint64_t conditions_begin(struct conditions *conditions, enum condition_cause cause,
                          const struct condition_sight *sight, uint64_t now_ns);

/* A worker no longer suffers from a cause. Returns as conditions_tell. */
uint64_t conditions_end(struct conditions *conditions, enum condition_cause cause, uint64_t now_ns);

/* A worker that suffers from a cause ends. Nothing proves that the cause is over, so if no other
 * suffers from it no more is said of it. */
void conditions_withdraw(struct conditions *conditions, enum condition_cause cause);

/* Tell what is due. Returns when this is to be called again, or DEADLINE_NEVER. */
uint64_t conditions_tell(struct conditions *conditions, uint64_t now_ns);

#endif
