#include "host/process.h"

#include "base/clock.h"
#include "base/fact.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

/* The file has one line of about 350 bytes. */
#define STAT_BYTES 1024

/* Fields by their numbers in proc(5). */
enum { STAT_STATE = 3, STAT_THREADS = 20, STAT_VSIZE = 23, STAT_RSS = 24 };

void process_source_open(struct process_source *source)
{
    source->stat_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    source->descriptors = opendir("/proc/self/fd");
}

void process_source_close(struct process_source *source)
{
    if (source->stat_fd >= 0)
        close(source->stat_fd);
    if (source->descriptors)
        closedir(source->descriptors);
}

void process_stat_parse(const char *text, uint64_t page_bytes, struct process_facts *facts)
{
    const char *rest = strrchr(text, ')'); /* the name before it may have blanks and brackets */
    uint64_t values[STAT_RSS + 1];
    int field = STAT_STATE;

    if (!rest)
        return;
    for (rest += 1; *rest == ' ' && field <= STAT_RSS; field++) {
        rest++;
        values[field] = strtoull(rest, NULL, 10);
        rest += strcspn(rest, " ");
    }
    if (field <= STAT_RSS)
        return;
    facts->threads = values[STAT_THREADS];
    facts->virtual_bytes = values[STAT_VSIZE];
    facts->resident_bytes = values[STAT_RSS] * page_bytes;
}

/* Since Linux 6.2 the size of the folder is the number of descriptors (commit f1f1f2569901, "proc:
 * report open files as size in stat() for /proc/pid/fd"). */
static uint64_t descriptors_count(DIR *directory)
{
    struct stat status;
    uint64_t count = 0;

    if (fstat(dirfd(directory), &status) == 0 && status.st_size > 0)
        return (uint64_t)status.st_size;
    rewinddir(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    return count > 0 ? count : FACT_UNKNOWN; /* at least this folder is open */
}

void process_read(struct process_source *source, struct process_facts *ret_facts)
{
    char text[STAT_BYTES];
    ssize_t bytes = source->stat_fd < 0 ? -1 : pread(source->stat_fd, text, sizeof(text) - 1, 0);

    memset(ret_facts, 0xff, sizeof(*ret_facts)); /* FACT_UNKNOWN */
    text[bytes > 0 ? bytes : 0] = '\0';
    process_stat_parse(text, (uint64_t)sysconf(_SC_PAGESIZE), ret_facts);
    ret_facts->cpu_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (source->descriptors)
        ret_facts->descriptors = descriptors_count(source->descriptors);
}
