/* Random numbers of a seed: the same on every machine and in every build. */
#ifndef HELLO_SIMULATE_RANDOM_H
#define HELLO_SIMULATE_RANDOM_H

#include <stdint.h>

/* xoshiro256**, by Blackman and Vigna: "Scrambled linear pseudorandom number generators", 2021. */
struct random {
    uint64_t state[4];
};

/* Begin: splitmix64 fills the state from the seed, as its authors advise. */
void random_init(struct random *random, uint64_t seed);

/* The next 64 bits. */
uint64_t random_next(struct random *random);

#endif
