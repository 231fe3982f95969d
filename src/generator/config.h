/* The configuration of the generator: the options, read and checked. */
#ifndef HELLO_LOAD_CONFIG_H
#define HELLO_LOAD_CONFIG_H

#include "host/cpus_asked.h"
#include "option/option.h"
#include "result/options.h"

#include <stdbool.h>
#include <stdint.h>

#define LOAD_DEFAULT_PORT    1848
#define LOAD_CONNECTIONS_MAX 1000000
#define LOAD_SEED_MAX        (UINT64_C(1) << 53) /* exact in every JSON reader */
#define LOAD_RATE_MAX        10000000            /* starts per second */
#define LOAD_CLOSED_LOOP     64                  /* connections in flight without -c ... */
#define LOAD_OPEN_LOOP       16384 /* ... and the maximum with --rate, if descriptors allow */
#define LOAD_DURATION_NS     UINT64_C(5000000000) /* without a duration or a count */

/* One field per option, in the order of the table. */
struct load_config {
    struct option_texts targets;      /* HOST[:PORT][=WEIGHT] */
    uint64_t connections;             /* 0: auto, see above */
    struct option_rate rate;          /* starts 0: closed loop */
    unsigned arrivals;                /* enum load_arrivals */
    uint64_t seed;                    /* of random arrivals; 0: auto */
    uint64_t duration_ns;             /* measured, after the warm-up; 0: until count */
    uint64_t count;                   /* measured, after the warm-up; 0: until duration_ns */
    uint64_t warmup_ns;               /* from the start of the run; not measured */
    uint64_t ramp_ns;                 /* from the start of the run until the full load */
    bool ipv4;                        /* -4 was given and holds: in `family` too */
    bool ipv6;                        /* -6 was given and holds: in `family` too */
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
    uint64_t threads;             /* 0: auto */
    const char *cpus;             /* as typed */
    struct cpus_asked cpus_asked; /* `cpus`, parsed */
    unsigned engine;
    struct option_texts assertions;
    bool json;
    bool csv;
    const char *hlog; /* path, or NULL */
    bool no_live;
    bool quiet;
    bool help;
    bool version;
    enum option_source sources[OPTION_ROWS_MAX]; /* of each row */
};

/* True if connections start at a given rate, independent of how fast they end. */
static inline bool load_is_open_loop(const struct load_config *config)
{
    return config->rate.starts > 0;
}

/* The verbs of hello-load, in the order of its table. */
enum load_verb { LOAD_RUN, LOAD_SHOW };

/* Every option of hello-load. */
extern const struct option_table load_options;

/* Combine the options into one meaning, and check it. Returns 0, or -EINVAL with one line in
 * error. */
int load_config_settle(struct load_config *config, char error[OPTION_ERROR_BYTES]);

/* The options that can change a result, for the result to keep. The configuration owns the
 * texts. */
void load_config_keep(const struct load_config *config, struct result_options *ret_options);

/* Read the options and check them against each other. If two contradict, the command line wins over
 * the environment. Without a count, duration_ns is set. Returns 0, or -EINVAL with one line in
 * error. */
int load_config_read(struct load_config *config, int argc, char *const argv[],
                     char error[OPTION_ERROR_BYTES]);

#endif
