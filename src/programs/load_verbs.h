/* The verbs of hello-load, one function each. Each prints, and returns the exit code. */
#ifndef HELLO_LOAD_VERBS_H
#define HELLO_LOAD_VERBS_H

/* Measure. */
int load_run(int argc, char *argv[]);

/* Print a saved result. */
int load_show(int argc, char *argv[]);

#endif
