/* Which environment variables belong to a row, and which of them is used. */
#ifndef HELLO_OPTION_ENVIRONMENT_H
#define HELLO_OPTION_ENVIRONMENT_H

#include "option/option.h"

#define OPTION_SHORT_PREFIX "HELLO_"

/* "HELLO_CLOSE", whether it is read or not. Returns name. */
char *option_environment_short(const struct option_row *row, char name[OPTION_NAME_BYTES]);

/* True for variables that Kubernetes sets for each service (and Docker for each link): for one
 * called hello-server, HELLO_SERVER_PORT=tcp://10.0.0.1:1848, HELLO_SERVER_SERVICE_HOST, and more.
 * They are not settings (https://kubernetes.io/docs/concepts/services-networking/service/). */
bool option_environment_is_of_service(const char *name, const char *text);

/* Find a row's value in the environment: the program's own name first, then the short one; an empty
 * variable counts as not set. Returns which of the two was used and sets *ret_text to its value (in
 * the environment), or returns OPTION_FROM_DEFAULT. */
enum option_source option_environment_get(const struct option_table *table,
                                          const struct option_row *row, const char **ret_text);

/* The variable name for this source, one of the two of the environment. Returns name. */
char *option_source_name(const struct option_table *table, const struct option_row *row,
                         enum option_source source, char name[OPTION_NAME_BYTES]);

#endif
