/* Names in a hosts file. */
#include "net/host_name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define FLY                                       \
    "127.0.0.1\tlocalhost\n"                      \
    "::1\tlocalhost ip6-localhost ip6-loopback\n" \
    "172.19.0.2\t148ed726c12a89\n"                \
    "fdaa:0:1:a7b:1::2\tfly-local-6pn\n"

/* The addresses of a name, "127.0.0.1:0 [::1]:0"; or its errno as text. */
static const char *found(const char *text, const char *name)
{
    static char all[HOST_NAME_ADDRESSES_MAX * ADDRESS_TEXT_BYTES];
    struct host_addresses addresses;
    char one[ADDRESS_TEXT_BYTES];
    size_t used = 0;
    int result = host_name_find(text, strlen(text), name, strlen(name), &addresses);

    all[0] = '\0';
    for (uint32_t i = 0; result == 0 && i < addresses.count; i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? " " : "",
                                 address_format(&addresses.list[i], one));
    return result == 0 ? all : strerror(-result);
}

static void a_name_has_the_addresses_of_all_its_lines_in_their_order(void **state)
{
    static const struct {
        const char *expected, *name, *text;
    } rows[] = {
        {"[fdaa:0:1:a7b:1::2]:0", "fly-local-6pn", FLY},
        {"172.19.0.2:0", "148ed726c12a89", FLY},
        {"127.0.0.1:0 [::1]:0", "localhost", FLY},
        {"[::1]:0", "ip6-loopback", FLY},
        {"127.0.0.1:0 [::1]:0", "LOCALhost", FLY},
        {"[::1]:0 10.0.0.1:0", "a", "::1 a\n10.0.0.1 A"},
        {"[::1]:0", "a", "::1 a a\n0:0::1 a\n"},
        {"127.0.0.1:0", "a", " \t127.0.0.1 \t b a\r\n"},
        {"[fe80::1%1]:0", "a", "fe80::1%1 a\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(rows[i].expected, found(rows[i].text, rows[i].name));
}

static void what_names_nobody_is_not_found(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "127.0.0.1 aa\n127.0.0.1 b.a\n127.0.0.1",
        "# 127.0.0.1 a",
        "127.0.0.1 b # a",
        "127.0.0.1 b#a",
        "a a",
        "127.0.0.1:80 a",
        "[::1] a",
        "127.0.0.256 a",
        "fe80::1%no-such-interface a",
        "127.0.0.1\n a",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(strerror(ENOENT), found(texts[i], "a"));
}

/* Lines of "a" with the addresses 10.0.0.1 to 10.0.0.count, and one more. */
static const char *lines_of_a(int count, const char *one_more)
{
    static char text[512];
    size_t used = 0;

    for (int i = 1; i <= count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "10.0.0.%d a\n", i);
    snprintf(text + used, sizeof(text) - used, "%s\n", one_more);
    return text;
}

static void a_name_may_have_16_addresses_and_no_more(void **state)
{
    (void)state;
    assert_non_null(strstr(found(lines_of_a(16, ""), "a"), " 10.0.0.16:0"));
    assert_non_null(strstr(found(lines_of_a(16, "10.0.0.7 a"), "a"), " 10.0.0.16:0"));
    assert_non_null(strstr(found(lines_of_a(15, "::1 a"), "a"), " [::1]:0"));
    assert_string_equal(strerror(E2BIG), found(lines_of_a(16, "::1 a"), "a"));
    assert_string_equal(strerror(E2BIG), found(lines_of_a(17, ""), "a"));
}

static void a_name_has_a_letter_and_nothing_that_addresses_are_written_with(void **state)
{
    static const char *const names[] = {
        "a",     "localhost", "fly-local-6pn", "148ed726c12a89", "my_host",
        "a.b.c", "a.",        "4you",          "10.0.0.x",       "A1"};
    static const char *const others[] = {"",    "1848", "127.0.0.1", "127.0.0.256", "1.2.3", "-a",
                                         ".a",  "_a",   "a b",       "a:1",         "[a",    "a]",
                                         "a%1", "*",    "a/b",       "\xc3\xa4",    "a\n",   "1-2"};
    char longest[HOST_NAME_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!host_name_is_valid(names[i], strlen(names[i])))
            fail_msg("'%s' is a name", names[i]);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (host_name_is_valid(others[i], strlen(others[i])))
            fail_msg("'%s' is no name", others[i]);
    }
    assert_false(host_name_is_valid("a\0b", 3));
    memset(longest, 'a', sizeof(longest));
    assert_true(host_name_is_valid(longest, HOST_NAME_BYTES_MAX));
    assert_false(host_name_is_valid(longest, HOST_NAME_BYTES_MAX + 1));
}

/* What looking up "a" in a file comes to. */
static int looked_up(const char *path)
{
    struct host_addresses addresses;

    return host_name_look_up(path, "a", 1, &addresses);
}

/* A file that holds a text, behind so many empty lines. Returns its path, to be unlinked. */
static const char *hosts_file(long lines, const char *text)
{
    static char path[64];
    FILE *file;
    int fd;

    snprintf(path, sizeof(path), "/tmp/hello-hosts-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_non_null(file);
    for (; lines > 0; lines--)
        putc('\n', file);
    fputs(text, file);
    assert_int_equal(0, fclose(file));
    return path;
}

static void a_file_of_up_to_16_mib_is_read(void **state)
{
    static const char line[] = "::1 a\n";
    const long most = HOST_NAME_FILE_MAX - (long)strlen(line);
    const char *path = hosts_file(most, line);

    (void)state;
    assert_int_equal(0, looked_up(path));
    unlink(path);
    path = hosts_file(most + 1, line);
    assert_int_equal(-EFBIG, looked_up(path));
    unlink(path);
}

static void what_is_no_file_differs_from_what_does_not_exist(void **state)
{
    const char *path = hosts_file(0, "::1 b\n");

    (void)state;
    assert_int_equal(-ESRCH, looked_up(path));
    unlink(path);
    assert_int_equal(-ENOENT, looked_up(path));
    assert_int_equal(0, mkfifo(path, 0600));
    assert_int_equal(-EBADF, looked_up(path)); /* at once, though nobody writes to it */
    unlink(path);
    assert_int_equal(-EBADF, looked_up("/dev/zero"));
    assert_int_equal(-EBADF, looked_up("/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_the_addresses_of_all_its_lines_in_their_order),
        cmocka_unit_test(what_names_nobody_is_not_found),
        cmocka_unit_test(a_name_may_have_16_addresses_and_no_more),
        cmocka_unit_test(a_name_has_a_letter_and_nothing_that_addresses_are_written_with),
        cmocka_unit_test(a_file_of_up_to_16_mib_is_read),
        cmocka_unit_test(what_is_no_file_differs_from_what_does_not_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
