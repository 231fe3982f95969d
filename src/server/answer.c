#include "server/answer.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An error has no content, so that its meaning does not depend on the type of the greeting. */
#define ERROR(status)         \
    "HTTP/1.1 " status "\r\n" \
    "Content-Length: 0\r\n"   \
    "Connection: close\r\n"   \
    "\r\n"

static const char bad[] = ERROR("400 Bad Request");
static const char late[] = ERROR("408 Request Timeout");
static const char large[] = ERROR("431 Request Header Fields Too Large");

static void answer_set(struct answers *answers, enum answer answer, const void *data, size_t bytes)
{
    answers->of[answer].data = data;
    answers->of[answer].bytes = (uint32_t)bytes;
}

void answers_make(struct answers *answers, const struct option_bytes *greeting, const char *type)
{
    int head_bytes = snprintf(answers->response, ANSWER_HEAD_BYTES_MAX,
                              "HTTP/1.1 200 OK\r\n"
                              "Content-Type: %s\r\n"
                              "Content-Length: %" PRIu32 "\r\n"
                              "Connection: close\r\n"
                              "\r\n",
                              type, greeting->bytes);

    CHECK(head_bytes < (int)ANSWER_HEAD_BYTES_MAX, "head_bytes=%d", head_bytes);
    memcpy(answers->response + head_bytes, greeting->data, greeting->bytes);
    answer_set(answers, ANSWER_GREETING, answers->response, (size_t)head_bytes + greeting->bytes);
    answer_set(answers, ANSWER_HEAD, answers->response, (size_t)head_bytes);
    answer_set(answers, ANSWER_BAD, bad, sizeof(bad) - 1);
    answer_set(answers, ANSWER_LATE, late, sizeof(late) - 1);
    answer_set(answers, ANSWER_LARGE, large, sizeof(large) - 1);
}

bool answer_type_is_valid(const char *type)
{
    size_t bytes = strlen(type);
    const char *slash = strchr(type, '/');

    if (bytes > ANSWER_TYPE_BYTES_MAX || !slash || slash == type || slash[1] == '\0' ||
        type[bytes - 1] == ' ')
        return false;
    for (; *type; type++)
        if (*type < ' ' || *type > '~')
            return false;
    return true;
}
