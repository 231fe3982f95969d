/* The first unexpected answers of a service, for people to see. */
#ifndef HELLO_WRONG_ANSWER_H
#define HELLO_WRONG_ANSWER_H

#include <stdint.h>

#define WRONG_ANSWER_BYTES_MAX 64 /* kept of it */

/* Other bytes than expected, or more. */
struct wrong_answer {
    uint64_t at_ns; /* when it came, monotonic or from the start of the run: the earliest is kept */
    uint32_t offset; /* of the bytes kept: this many bytes before them were as expected */
    uint32_t bytes;  /* 0: there was no wrong answer */
    unsigned char data[WRONG_ANSWER_BYTES_MAX];
};

/* Fewer bytes than expected, then EOF. The bytes are not kept: they were as expected. */
struct short_answer {
    uint64_t at_ns;      /* when it ended, as above; 0: there was no short answer */
    uint32_t came_bytes; /* number of bytes that came */
};

#endif
