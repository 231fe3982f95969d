#include "machine_fake.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

int machine_fake_setup(void **state)
{
    struct machine_fake *fake = calloc(1, sizeof(*fake));

    if (!fake)
        return -1;
    snprintf(fake->root, sizeof(fake->root), "/tmp/machine_fake.XXXXXX");
    if (!mkdtemp(fake->root)) {
        free(fake);
        return -1;
    }
    snprintf(fake->self, sizeof(fake->self), "%s/proc/self", fake->root);
    *state = fake;
    return 0;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

int machine_fake_teardown(void **state)
{
    struct machine_fake *fake = *state;
    int result = nftw(fake->root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);

    free(fake);
    return result;
}

void machine_fake_write(const struct machine_fake *fake, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", fake->root, name);
    for (char *slash = path + strlen(fake->root); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    for (; *text; text++) {
        if (strncmp(text, "%s", 2) == 0) {
            fputs(fake->root, file);
            text++;
        } else {
            fputc(*text, file);
        }
    }
    assert_int_equal(0, fclose(file));
}
