/* The options of a run, as its result keeps them: in the units and words of the command line, so
 * that two results can be compared, and one can be printed again without the command line. */
#ifndef HELLO_RESULT_OPTIONS_H
#define HELLO_RESULT_OPTIONS_H

#include "option/option.h"

#include <stdint.h>

/* Values of the choices, in the order of the words below. */
enum load_arrivals { LOAD_CONSTANT, LOAD_POISSON };
enum load_family { LOAD_FAMILY_ANY, LOAD_FAMILY_IPV4, LOAD_FAMILY_IPV6, LOAD_FAMILY_BOTH };
enum load_close { LOAD_CLOSE_FIN, LOAD_CLOSE_RST };
enum load_reuse { LOAD_REUSE_AUTO, LOAD_REUSE_YES, LOAD_REUSE_NO };
enum load_proxy_protocol { LOAD_PROXY_NONE, LOAD_PROXY_V1, LOAD_PROXY_V2 };

/* The words, as typed; each list ends with NULL. */
extern const char *const load_arrivals_choices[];
extern const char *const load_family_choices[];
extern const char *const load_close_choices[];
extern const char *const load_reuse_choices[];
extern const char *const load_proxy_choices[];

/* The texts belong to the caller: argv, or the JSON that the document was read from. */
struct result_options {
    struct option_texts targets;      /* HOST[:PORT][=WEIGHT] */
    const char *cpus;                 /* as typed */
    struct option_rate rate;          /* starts 0: closed loop */
    unsigned arrivals;                /* enum load_arrivals */
    uint64_t duration_ns;             /* measured, after the warm-up; 0: until count */
    uint64_t count;                   /* measured, after the warm-up; 0: until duration_ns */
    uint64_t warmup_ns;               /* from the start of the run; not measured */
    uint64_t ramp_ns;                 /* from the start of the run until the full load */
    unsigned family;                  /* enum load_family */
    const char *source;               /* ADDR[/BITS][,...], or NULL */
    struct option_ports source_ports; /* low 0: the kernel chooses */
    unsigned proxy_protocol;          /* enum load_proxy_protocol */
    struct option_bytes send;         /* 0 bytes: send nothing */
    struct option_bytes expect;       /* any: accept everything until EOF */
    unsigned close;                   /* enum load_close */
    unsigned reuse_sockets;           /* enum load_reuse */
    uint64_t connect_timeout_ns;      /* 0: not given, only `timeout` applies */
    uint64_t timeout_ns;
};

#endif
