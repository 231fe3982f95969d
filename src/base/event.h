/* A wake-up for another thread: an eventfd that it waits for (eventfd(2)). */
#ifndef HELLO_EVENT_H
#define HELLO_EVENT_H

/* Add 1 to an eventfd. If its reader missed a wake-up, it might sleep for ever; so a write that
 * fails is tried again for a second. Returns 0 or -errno (it could not be written). Any thread. */
int event_raise(int fd);

#endif
