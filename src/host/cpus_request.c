#include "host/cpus_request.h"

#include "base/escape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 64

static int refuse_form(const char *text, char *error, size_t error_bytes)
{
    char shown[SHOWN_BYTES];

    snprintf(error, error_bytes, "--cpus '%s' must be auto, none, or a list such as 0,2-5",
             escape_encode(text, strlen(text), shown, sizeof(shown)));
    return -EINVAL;
}

/* Each CPU of a list must be allowed. */
static int list_check(const char *text, const struct cpus *list, char *error, size_t error_bytes)
{
    char shown[SHOWN_BYTES], may[CPUS_TEXT_BYTES];
    struct cpus allowed;

    if (cpus_read(&allowed) < 0)
        return 0; /* unknown: pinning will show the error */
    for (uint32_t i = 0; i < list->count; i++) {
        if (cpus_has(&allowed, list->ids[i]))
            continue;
        snprintf(error, error_bytes,
                 "--cpus '%s': CPU %u is not one that this process may use; it may use %s",
                 escape_encode(text, strlen(text), shown, sizeof(shown)), list->ids[i],
                 cpus_format(&allowed, may, sizeof(may)));
        return -EINVAL;
    }
    return 0;
}

int cpus_request_parse(const char *text, struct cpus_request *ret_request, char *error,
                       size_t error_bytes)
{
    struct cpus_request request = {.how = CPUS_LISTED};

    if (strcmp(text, "auto") == 0)
        request.how = CPUS_AUTO;
    else if (strcmp(text, "none") == 0)
        request.how = CPUS_NONE;
    else if (cpus_parse(text, &request.list) < 0)
        return refuse_form(text, error, error_bytes);
    else if (list_check(text, &request.list, error, error_bytes) < 0)
        return -EINVAL;
    *ret_request = request;
    return 0;
}

int cpus_request_keep(const struct cpus_request *request)
{
    return request->how == CPUS_LISTED ? cpus_keep_to(&request->list) : 0;
}
