/* Report our state to the service manager: the sd_notify(3) protocol, without its library, which
 * cannot be linked statically. */
#ifndef HELLO_NOTIFY_H
#define HELLO_NOTIFY_H

/* Send a state such as "READY=1" to $NOTIFY_SOCKET, a path or @ and an abstract name. Does nothing
 * if the variable is not set. Never waits. Returns 0, or -errno (not sent). */
int notify_send(const char *state);

#endif
