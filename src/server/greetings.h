/* The greeting of a server, which can be replaced while clients are greeted. Each greeting is made
 * once, with the answers around it, and never changes. Workers hold the one that they answer with,
 * and earlier ones until the last of their connections that was answered with them has ended; what
 * nobody holds is freed. So a client gets one of them from the first byte to the last.
 *
 * Thread rule: any thread. Nothing is locked but for a change, and then only briefly. */
#ifndef HELLO_GREETINGS_H
#define HELLO_GREETINGS_H

#include "server/config.h"
#include "server/connection.h"

#include <stdint.h>

/* So many greetings at most exist at once; each has a place below this number. */
#define GREETINGS_MAX CONNECTION_SETTINGS_MAX

struct greetings;

/* Begin with the greeting of these options, which must outlive the greetings; `settings` says the
 * rest. Returns NULL if there is no memory. Free it with greetings_free. */
struct greetings *greetings_new(const struct server_config *config,
                                const struct connection_settings *settings);

/* Free all of them; nobody holds any. NULL is fine. */
void greetings_free(struct greetings *greetings);

/* Make this the greeting from now on. Workers that wait hold the previous one until they are woken.
 * Returns 1; 0 if it is the greeting already; -ENOMEM; or -EBUSY: GREETINGS_MAX others are still
 * held. After an error all is as it was. */
int greetings_replace(struct greetings *greetings, const struct option_bytes *bytes);

/* The place of the greeting in force. It may be another one at once. */
uint32_t greetings_place(const struct greetings *greetings);

/* Hold the greeting in force. Returns its settings, which do not change until it is given back with
 * greetings_give, and its place. Whoever holds it already holds it twice then. */
const struct connection_settings *greetings_take(struct greetings *greetings, uint32_t *ret_place);

/* Give back what is held at a place, once. */
void greetings_give(struct greetings *greetings, uint32_t place);

#endif
