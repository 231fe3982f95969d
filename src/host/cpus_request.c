#include "host/cpus_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Each CPU of a list must be allowed. */
static int list_check(const struct cpus *list, char *problem, size_t problem_bytes)
{
    char may[CPUS_TEXT_BYTES];
    struct cpus allowed;

    if (cpus_read(&allowed) < 0)
        return 0; /* unknown: pinning will show the error */
    for (uint32_t i = 0; i < list->count; i++) {
        if (cpus_has(&allowed, list->ids[i]))
            continue;
        snprintf(problem, problem_bytes,
                 "CPU %u is not one that this process may use; it may use %s", list->ids[i],
                 cpus_format(&allowed, may, sizeof(may)));
        return -EINVAL;
    }
    return 0;
}

int cpus_request_parse(const char *text, struct cpus_request *ret_request, char *problem,
                       size_t problem_bytes)
{
    struct cpus_request request = {.how = CPUS_LISTED};
    int result = 0;

    if (strcmp(text, "auto") == 0)
        request.how = CPUS_AUTO;
    else if (strcmp(text, "none") == 0)
        request.how = CPUS_NONE;
    else
        result = cpus_parse(text, &request.list);
    if (result < 0) {
        snprintf(problem, problem_bytes, "must be auto, none, or a list such as 0,2-5");
        return -EINVAL;
    }
    if (request.how == CPUS_LISTED && list_check(&request.list, problem, problem_bytes) < 0)
        return -EINVAL;
    *ret_request = request;
    return 0;
}

int cpus_request_keep(const struct cpus_request *request)
{
    return request->how == CPUS_LISTED ? cpus_keep_to(&request->list) : 0;
}
