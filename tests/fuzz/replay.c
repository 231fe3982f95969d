/* Runs a fuzz target over the files of a folder, without a fuzzer, so that any compiler will do.
 * Usage: replay_NAME DIR. Exit codes: 0 all ran, 1 there is nothing to run or it cannot be read;
 * a property that does not hold aborts. */
#include "fuzz_target.h"

#include <dirent.h>
#include <errno.h>

#include <sys/stat.h>

/* Returns true if this is a file, and the target has seen its bytes. */
static bool file_replay(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    bool whole = false;

    if (file != NULL && fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode)) {
        size_t bytes = (size_t)status.st_size;
        data = malloc(bytes > 0 ? bytes : 1);
        whole = data != NULL && fread(data, 1, bytes, file) == bytes;
        if (whole)
            LLVMFuzzerTestOneInput(data, bytes);
    }
    free(data);
    if (file != NULL)
        fclose(file);
    return whole;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char *argv[])
{
    struct dirent **entries;
    int replayed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &entries, is_visible, alphasort);
    if (count < 0) {
        fprintf(stderr, "cannot read the corpus '%s': %s\n", argv[1], strerror(errno));
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        free(entries[i]);
        /* Said first, so that the last line names the input that ended the run. */
        printf("%s\n", path);
        fflush(stdout);
        if (!file_replay(path)) {
            fprintf(stderr, "cannot read '%s' as a whole\n", path);
            return 1;
        }
        replayed++;
    }
    free(entries);
    printf("replayed %d inputs from %s\n", replayed, argv[1]);
    if (replayed == 0) {
        fprintf(stderr, "the corpus is empty; check out all of it, or find inputs with a fuzzer\n");
        return 1;
    }
    return 0;
}
