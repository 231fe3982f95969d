/* Which variables of the environment belong to a row, and which of them holds. */
#ifndef HELLO_OPTION_ENVIRONMENT_H
#define HELLO_OPTION_ENVIRONMENT_H

#include "option/option.h"

#define OPTION_SHORT_PREFIX "HELLO_"

/* "HELLO_CLOSE", whether it is read or not. Returns name. */
char *option_environment_short(const struct option_row *row, char name[OPTION_NAME_BYTES]);

/* True of what Kubernetes tells each container of each service (and Docker of each link): of one
 * that is called hello-server, HELLO_SERVER_PORT=tcp://10.0.0.1:1848, HELLO_SERVER_SERVICE_HOST,
 * and more. They are no settings
 * (https://kubernetes.io/docs/concepts/services-networking/service/). */
bool option_environment_is_of_service(const char *name, const char *text);

/* Find what the environment says of a row: the program's own name first, then the short one; an
 * empty variable counts as not set. Returns which of the two was taken and sets *ret_text to its
 * value (which is the environment's), or returns OPTION_FROM_DEFAULT. */
enum option_source option_environment_get(const struct option_table *table,
                                          const struct option_row *row, const char **ret_text);

/* The name that this source, one of the two of the environment, stands for. Returns name. */
char *option_source_name(const struct option_table *table, const struct option_row *row,
                         enum option_source source, char name[OPTION_NAME_BYTES]);

#endif
