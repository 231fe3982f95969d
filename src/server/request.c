#include "server/request.h"

static const enum answer head_answers[] = {
    [REQUEST_HEAD_MORE] = ANSWER_COUNT,  [REQUEST_HEAD_WHOLE] = ANSWER_GREETING,
    [REQUEST_HEAD_BARE] = ANSWER_HEAD,   [REQUEST_HEAD_BAD] = ANSWER_BAD,
    [REQUEST_HEAD_LARGE] = ANSWER_LARGE,
};

void request_make(struct request *request, const struct server_config *config,
                  const struct option_bytes *greeting)
{
    request->timeout_ns = config->request_timeout_ns;
    if (config->answer == SERVER_ANSWER_HTTP) {
        request->kind = REQUEST_HTTP;
        answers_make(&request->answers, greeting, config->content_type);
    } else {
        request->kind = REQUEST_TEXT;
        request_text_make(&request->text, config->greet_after.data, config->greet_after.bytes);
        request->answers.of[ANSWER_GREETING].data = greeting->data;
        request->answers.of[ANSWER_GREETING].bytes = greeting->bytes;
    }
}

enum answer request_take(const struct request *request, union request_progress *progress,
                         const void *data, size_t bytes)
{
    if (request->kind == REQUEST_HTTP)
        return head_answers[request_head_take(&progress->head, data, bytes)];
    return request_text_take(&request->text, &progress->matched, data, bytes) ? ANSWER_GREETING
                                                                              : ANSWER_COUNT;
}

enum answer request_give_up(const struct request *request, const union request_progress *progress)
{
    /* A client that opened a connection before it needs one has asked nothing yet. */
    return request->kind == REQUEST_HTTP && progress->head.bytes > 0 ? ANSWER_LATE : ANSWER_COUNT;
}
