/* The first answer of a service that was not what was expected, to be shown to people. */
#ifndef HELLO_WRONG_ANSWER_H
#define HELLO_WRONG_ANSWER_H

#include <stdint.h>

#define WRONG_ANSWER_BYTES_MAX 64 /* that are kept of it */

struct wrong_answer {
    uint32_t offset; /* of what is kept: so many bytes before it were as expected */
    uint32_t bytes;  /* 0: there was no wrong answer */
    unsigned char data[WRONG_ANSWER_BYTES_MAX];
};

#endif
