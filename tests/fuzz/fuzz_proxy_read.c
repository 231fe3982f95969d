#include "fuzz_target.h"
#include "server/proxy_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct proxy_read whole, part;
    enum proxy_read_end end = proxy_read(data, bytes, &whole);
    size_t needed = bytes;

    if (end == PROXY_READ_MORE) {
        REQUIRE(whole.bytes > bytes && whole.bytes <= PROXY_HEADER_BYTES_MOST);
    } else if (end == PROXY_READ_HEADER) {
        REQUIRE(whole.bytes <= bytes && whole.bytes >= 15);
        needed = whole.bytes;
        /* What follows makes no difference. */
        REQUIRE(proxy_read(data, needed, &part) == end && part.bytes == needed);
        REQUIRE(part.has_addresses == whole.has_addresses);
        REQUIRE(!part.has_addresses || (part.from.sa.sa_family == whole.from.sa.sa_family &&
                                        address_port(&part.from) == address_port(&whole.from)));
    }
    /* Once it is decided, it stays; and a header is not one before it is whole. */
    for (size_t i = 0; i < needed; i++) {
        enum proxy_read_end before = proxy_read(data, i, &part);

        REQUIRE(before == PROXY_READ_MORE || (before == end && end != PROXY_READ_HEADER));
    }
    return 0;
}
