/* The first answers of a service that were not what was expected, to be shown to people. */
#ifndef HELLO_WRONG_ANSWER_H
#define HELLO_WRONG_ANSWER_H

#include <stdint.h>

#define WRONG_ANSWER_BYTES_MAX 64 /* that are kept of it */

/* Other bytes than expected, or more. */
struct wrong_answer {
    uint64_t at_ns;  /* when it came (monotonic): the first of several is the one to be shown */
    uint32_t offset; /* of what is kept: so many bytes before it were as expected */
    uint32_t bytes;  /* 0: there was no wrong answer */
    unsigned char data[WRONG_ANSWER_BYTES_MAX];
};

/* Fewer bytes than expected, and then the end. What came needs no room: it was as expected. */
struct short_answer {
    uint64_t at_ns;      /* when it ended (monotonic); 0: there was no short answer */
    uint32_t came_bytes; /* how many came */
};

#endif
