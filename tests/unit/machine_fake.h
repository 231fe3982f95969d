/* A folder that stands for a machine: what the kernel shows in /proc and /sys, made up by a test.
 */
#ifndef HELLO_MACHINE_FAKE_H
#define HELLO_MACHINE_FAKE_H

struct machine_fake {
    char root[32];
    char self[48]; /* its /proc/self */
};

/* For cmocka: *state is an empty machine. */
int machine_fake_setup(void **state);
int machine_fake_teardown(void **state);

/* Write a file, with the folders above it. %s in the text stands for the root. */
void machine_fake_write(const struct machine_fake *fake, const char *name, const char *text);

#endif
