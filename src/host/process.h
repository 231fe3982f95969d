/* This process, as the kernel shows it.
 *
 * Thread rule: a process_source belongs to one thread at a time. */
#ifndef HELLO_PROCESS_H
#define HELLO_PROCESS_H

#include <stdint.h>

/* Facts (base/fact.h). */
struct process_facts {
    uint64_t threads;
    uint64_t virtual_bytes;
    uint64_t resident_bytes; /* up to some dozen pages per CPU behind (proc(5), statm) */
    uint64_t cpu_ns;         /* of all threads, user and system */
    uint64_t descriptors;    /* open ones, those that this needs included */
};

/* The files of /proc that it needs, opened once: they can be read again where none may be opened
 * any more. Two descriptors. */
struct process_source {
    int stat_fd;       /* /proc/self/stat; -1: it cannot be read */
    void *descriptors; /* a DIR of /proc/self/fd; NULL: it cannot be read */
};

/* Open them; what cannot be opened is unknown later. */
void process_source_open(struct process_source *source);

/* Close them. */
void process_source_close(struct process_source *source);

/* Read. Where the kernel does not tell the number of descriptors (before Linux 6.2), they are
 * counted, which takes a while for a hundred thousand. */
void process_read(struct process_source *source, struct process_facts *ret_facts);

/* From the text of /proc/self/stat (proc(5)): sets threads and memory. Any bytes are valid. */
void process_stat_parse(const char *text, uint64_t page_bytes, struct process_facts *facts);

#endif
