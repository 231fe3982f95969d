#include "admin/http_request.h"
#include "fuzz_target.h"

/* What is complete stays complete, whatever follows; and no shorter part of it is. */
static void completeness_depends_on_the_head_alone(const char *data, size_t bytes,
                                                   size_t head_bytes)
{
    REQUIRE(head_bytes <= bytes);
    if (head_bytes == 0)
        return;
    REQUIRE(data[head_bytes - 1] == '\n');
    REQUIRE(http_head_bytes(data, head_bytes) == head_bytes);
    REQUIRE(http_head_bytes(data, head_bytes - 1) == 0);
}

static void a_request_is_a_part_of_its_head(const char *data, size_t head_bytes,
                                            const struct http_request *request)
{
    if (request->method == HTTP_OTHER_METHOD) {
        REQUIRE(request->path == NULL && request->path_bytes == 0);
        return;
    }
    REQUIRE(request->path > data && request->path + request->path_bytes < data + head_bytes);
    REQUIRE(request->path_bytes > 0 && request->path[0] == '/');
    for (size_t i = 0; i < request->path_bytes; i++)
        REQUIRE(request->path[i] > ' ' && request->path[i] < 0x7f && request->path[i] != '?');
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    char *data = fuzz_text(input, bytes);
    struct http_request request = {.path_bytes = 99};
    size_t head_bytes;
    enum http_status status;

    if (data == NULL)
        return 0;
    head_bytes = http_head_bytes(data, bytes);
    completeness_depends_on_the_head_alone(data, bytes, head_bytes);
    if (head_bytes > 0) {
        status = http_request_parse(data, head_bytes, &request);
        REQUIRE(status == HTTP_OK || status == HTTP_BAD_REQUEST);
        if (status == HTTP_OK)
            a_request_is_a_part_of_its_head(data, head_bytes, &request);
        else
            REQUIRE(request.path_bytes == 99);
    }
    free(data);
    return 0;
}
