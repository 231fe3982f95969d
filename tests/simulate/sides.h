/* The sides that are simulated: each runs the worlds of its seeds. */
#ifndef HELLO_SIMULATE_SIDES_H
#define HELLO_SIMULATE_SIDES_H

#include <stdbool.h>
#include <stdint.h>

/* Run the world of a seed to its end. Returns the hash of what happened; what is wrong ends the
 * process (world_fail). */
uint64_t server_simulate(uint64_t seed, bool verbose);
uint64_t asked_server_simulate(uint64_t seed, bool verbose); /* clients speak first */
uint64_t load_simulate(uint64_t seed, bool verbose);

#endif
