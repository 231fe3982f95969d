/* Conditions that an operator should know: something is short, or fails. Each cause is reported
 * when it begins and when it ends, once for all workers; frequent repeats are reported as a count:
 * at most two lines a minute per cause, whatever clients do.
 *
 * Thread rule: any thread, except conditions_init and conditions_release. Waits are short: the lock
 * is held while a line is made, and a worker takes it at most once a second per cause. */
#ifndef HELLO_CONDITION_H
#define HELLO_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The next line about the same cause comes no earlier, except the one that says it is over. */
#define CONDITION_INTERVAL_NS (UINT64_C(60) * 1000000000)

/* A lasting cause is reported again after the interval, and then this often. */
#define CONDITION_REMINDER_NS (UINT64_C(3600) * 1000000000)

#define CONDITION_WHAT_BYTES 128

enum condition_cause {
    CONDITION_CAPACITY,    /* clients wait, as --max-connections are open */
    CONDITION_DESCRIPTORS, /* clients wait: too few descriptors */
    CONDITION_MEMORY,      /* clients wait: too little memory */
    CONDITION_ACCEPTING,   /* accepting fails, or cannot begin, for another reason */
    CONDITION_CONNECTIONS, /* connections fail or are delayed, not because of their clients */
    CONDITION_COUNT,
};

/* What was seen. */
struct condition_sight {
    char what[CONDITION_WHAT_BYTES]; /* "cannot accept" */
    const char *call;                /* the system call that failed, or NULL: none did */
    int error;                       /* its errno, positive */
};

/* What was seen, of a call that failed with -errno. */
struct condition_sight condition_sight_of(const char *what, const char *call, int error);

/* One cause. Private to condition.c. */
struct condition {
    uint32_t workers; /* that are affected */
    bool reported;    /* its begin was reported, its end not yet */
    bool reminded;
    uint64_t began_ns;
    uint64_t reported_ns; /* the last line; 0: none */
    uint64_t unreported;  /* how often it began since reported_ns */
    struct condition_sight sight;
};

struct conditions {
    pthread_mutex_t lock;
    void (*notice)(void *context, const char *line);
    void *context;
    struct condition causes[CONDITION_COUNT];
};

/* Start with no condition. `notice` gets each line, from any thread, and must not wait. */
void conditions_init(struct conditions *conditions, void (*notice)(void *context, const char *line),
                     void *context);

/* Free what conditions_init allocated. */
void conditions_release(struct conditions *conditions);

/* Print the lines that are still due, when all workers have ended. */
void conditions_flush(struct conditions *conditions, uint64_t now_ns);

/* The cause behind an errno (positive) of accepting or sending. */
enum condition_cause condition_cause_of(int error);

/* A worker begins to be affected by a cause. Returns like conditions_report. */
uint64_t conditions_begin(struct conditions *conditions, enum condition_cause cause,
                          const struct condition_sight *sight, uint64_t now_ns);

/* A worker is no longer affected by a cause. Returns like conditions_report. */
uint64_t conditions_end(struct conditions *conditions, enum condition_cause cause, uint64_t now_ns);

/* An affected worker ends. That does not prove that the cause is over, so if no other worker is
 * affected, nothing more is printed about it. */
void conditions_withdraw(struct conditions *conditions, enum condition_cause cause);

/* Print the lines that are due. Returns when to call this again, or DEADLINE_NEVER. */
uint64_t conditions_report(struct conditions *conditions, uint64_t now_ns);

#endif
