#include "result/options.h"

#include <stddef.h>

const char *const load_arrivals_choices[] = {"constant", "poisson", NULL};
const char *const load_family_choices[] = {"any", "ipv4", "ipv6", "both", NULL};
const char *const load_close_choices[] = {"fin", "rst", NULL};
const char *const load_reuse_choices[] = {"auto", "yes", "no", NULL};
const char *const load_proxy_choices[] = {"none", "v1", "v2", NULL};
