/* The configuration of the generator: the options, read and checked. */
#ifndef HELLO_LOAD_CONFIG_H
#define HELLO_LOAD_CONFIG_H

#include "base/failure.h"
#include "host/cpus_request.h"
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
    struct result_options options;    /* what a result keeps of them */
    uint64_t connections;             /* 0: auto, see above */
    uint64_t seed;                    /* of random arrivals; 0: auto */
    bool ipv4;                        /* -4 was given and holds: in `family` too */
    bool ipv6;                        /* -6 was given and holds: in `family` too */
    uint64_t threads;                 /* 0: auto */
    struct cpus_request cpus_request; /* `cpus`, parsed */
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
    return config->options.rate.starts > 0;
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
 * the environment. Without a count, duration_ns is set. Returns 0, or -EINVAL with a
 * failure, which is always of usage. */
int load_config_read(struct load_config *config, int argc, char *const argv[],
                     struct failure *failure);

#endif
