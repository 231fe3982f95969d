/* A wake-up for another thread: an eventfd that it waits for (eventfd(2)). */
#ifndef HELLO_EVENT_H
#define HELLO_EVENT_H

#include "base/units.h"

/* Add 1 to an eventfd, and wait for nothing. Returns 0, or -errno: a sandbox refuses it. Then its
 * reader might sleep for ever; so try again, as often and at such intervals as below, between other
 * duties. Any thread. */
int event_raise(int fd);

#define EVENT_TRIES_MAX 100u
#define EVENT_RETRY_NS  (10 * NS_PER_MS)

#endif
