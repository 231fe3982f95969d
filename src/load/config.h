/* What the user asked of the generator: the options, read and checked. */
#ifndef HELLO_LOAD_CONFIG_H
#define HELLO_LOAD_CONFIG_H

#include "base/cpus_asked.h"
#include "option/option.h"

#include <stdbool.h>
#include <stdint.h>

#define LOAD_DEFAULT_PORT    1848
#define LOAD_CONNECTIONS_MAX 1000000
#define LOAD_SEED_MAX        (UINT64_C(1) << 53) /* every reader of JSON has it exactly */
#define LOAD_RATE_MAX        10000000            /* starts per second */
#define LOAD_CLOSED_LOOP     64                  /* connections in flight unless -c is given ... */
#define LOAD_OPEN_LOOP       16384 /* ... and with --rate: at the most, if descriptors allow */
#define LOAD_DURATION_NS     UINT64_C(5000000000) /* unless a duration or a count is given */

/* Values of the choices, in the order of their tables. */
enum load_arrivals { LOAD_CONSTANT, LOAD_POISSON };
enum load_family { LOAD_FAMILY_ANY, LOAD_FAMILY_IPV4, LOAD_FAMILY_IPV6, LOAD_FAMILY_BOTH };
enum load_close { LOAD_CLOSE_FIN, LOAD_CLOSE_RST };
enum load_reuse { LOAD_REUSE_AUTO, LOAD_REUSE_YES, LOAD_REUSE_NO };
enum load_proxy_protocol { LOAD_PROXY_NONE, LOAD_PROXY_V1, LOAD_PROXY_V2 };

/* One field per option, in the order of the table. */
struct load_config {
    struct option_texts targets;      /* HOST[:PORT][=WEIGHT] */
    uint64_t connections;             /* 0: auto, see above */
    struct option_rate rate;          /* starts 0: closed loop */
    unsigned arrivals;                /* enum load_arrivals */
    uint64_t seed;                    /* of random arrivals; 0: auto */
    uint64_t duration_ns;             /* measured, after the warm-up; 0: the count decides */
    uint64_t count;                   /* measured, after the warm-up; 0: the duration decides */
    uint64_t warmup_ns;               /* from the start of the run; nothing of it is measured */
    uint64_t ramp_ns;                 /* from the start of the run until the full load */
    bool ipv4;                        /* -4 was given and holds: in `family` too */
    bool ipv6;                        /* -6 was given and holds: in `family` too */
    unsigned family;                  /* enum load_family */
    const char *source;               /* ADDR[/BITS][,...], or NULL */
    struct option_ports source_ports; /* low 0: the kernel chooses */
    unsigned proxy_protocol;          /* enum load_proxy_protocol */
    struct option_bytes send;         /* 0 bytes: say nothing */
    struct option_bytes expect;       /* any: whatever comes until EOF */
    unsigned close;                   /* enum load_close */
    unsigned reuse_sockets;           /* enum load_reuse */
    uint64_t connect_timeout_ns;      /* 0: not given, so only `timeout` counts */
    uint64_t timeout_ns;
    uint64_t threads;             /* 0: auto */
    const char *cpus;             /* as typed */
    struct cpus_asked cpus_asked; /* what it says */
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

/* True if connections start at a rate, however fast they end. */
static inline bool load_is_open_loop(const struct load_config *config)
{
    return config->rate.starts > 0;
}

/* Every option of hello-load. */
extern const struct option_table load_options;

/* Settle what the options mean together, and check it. Returns 0, or -EINVAL with one line in
 * error.
 */
int load_config_settle(struct load_config *config, char error[OPTION_ERROR_BYTES]);

/* Read the options and check them against each other. Of two that contradict, that on the command
 * line wins over that in the environment; unless a count is given, duration_ns is set.
 * Returns 0, or -EINVAL with one line in error. */
int load_config_read(struct load_config *config, int argc, char *const argv[],
                     char error[OPTION_ERROR_BYTES]);

#endif
