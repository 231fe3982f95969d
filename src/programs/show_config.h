/* The options of hello-load show.
 *
 * Thread rule: the main thread. */
#ifndef HELLO_SHOW_CONFIG_H
#define HELLO_SHOW_CONFIG_H

#include "base/failure.h"
#include "option/option.h"

struct show_config {
    const char *file;
    bool json, csv, quiet, help, version;
    enum option_source sources[OPTION_ROWS_MAX];
};

extern const struct option_table show_options;

/* Read the options, and check them against each other; with help or version, nothing else is
 * checked. Returns 0, or -EINVAL with a failure, which is always of usage. argv must outlive the
 * configuration. */
int show_config_read(struct show_config *config, int argc, char *const argv[],
                     struct failure *failure);

#endif
