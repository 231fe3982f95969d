/* What a client must send before it is answered: a text (--greet-after), or the head of an HTTP
 * request (--answer http).
 *
 * Thread rule: a request is read-only once it is made, so any thread. */
#ifndef HELLO_REQUEST_H
#define HELLO_REQUEST_H

#include "server/answer.h"
#include "server/config.h"
#include "server/request_head.h"
#include "server/request_text.h"

#include <stdint.h>

/* The same for all clients. */
struct request {
    enum request_kind { REQUEST_TEXT, REQUEST_HTTP } kind;
    uint64_t timeout_ns;      /* from accept to the end of the request */
    struct request_text text; /* for REQUEST_TEXT */
    struct answers answers;   /* for REQUEST_TEXT the greeting only */
};

/* How far one client has come; zeroed at first. */
union request_progress {
    uint8_t matched;
    struct request_head head;
};

/* Make what the options say: what is waited for, and the answers with this greeting. They may point
 * to it, and *request must not move. Only for server_config_asks. */
void request_make(struct request *request, const struct server_config *config,
                  const struct option_bytes *greeting);

/* More has come. Returns the answer to the request, or ANSWER_COUNT while it has not ended. */
enum answer request_take(const struct request *request, union request_progress *progress,
                         const void *data, size_t bytes);

/* Its time is over. Returns the answer to what has come of it, or ANSWER_COUNT for none. */
enum answer request_give_up(const struct request *request, const union request_progress *progress);

#endif
