/* Shared by the files of the library that makes calls fail. */
#ifndef HELLO_FAULT_H
#define HELLO_FAULT_H

/* The errno with which a call of this function is to fail, by the switch of the test; 0: it is not
 * to. */
int fault_switched(const char *function);

/* Tell the test that an operation of io_uring, below 64, was asked for. */
void fault_note(unsigned operation);

#endif
