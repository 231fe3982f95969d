/* What is not there can be freed and joined: an owner need not ask what it has. */
#include "server/server.h"
#include "session/session.h"
#include "workers/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_is_not_there_can_be_ended(void **state)
{
    (void)state;
    server_free(NULL);
    session_free(NULL);
    assert_int_equal(0, worker_join(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_can_be_ended),
    };
    return cmocka_run_group_tests_name("nothing", tests, NULL, NULL);
}
