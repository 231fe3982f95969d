#include "host/cpus.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/types.h>

typedef int affinity_call(pid_t pid, size_t bytes, cpu_set_t *set);

static int affinity_get(pid_t pid, size_t bytes, cpu_set_t *set)
{
    return sched_getaffinity(pid, bytes, set);
}

static int affinity_set(pid_t pid, size_t bytes, cpu_set_t *set)
{
    return sched_setaffinity(pid, bytes, set);
}

/* Call with a set that the kernel accepts: a larger one after each EINVAL, which may also have
 * another cause. `cpus` is put into the set; the caller frees the result. Returns 0 or -errno. */
static int affinity_of_any_size(affinity_call *call, const struct cpus *cpus, cpu_set_t **ret_set,
                                size_t *ret_bytes)
{
    int result = -EINVAL;

    for (unsigned ids = CPU_SETSIZE; result == -EINVAL && ids <= CPUS_ID_MAX + 1u; ids *= 2) {
        size_t bytes = CPU_ALLOC_SIZE(ids);
        cpu_set_t *set = calloc(1, bytes);

        if (!set)
            return -ENOMEM;
        for (uint32_t i = 0; cpus && i < cpus->count; i++)
            CPU_SET_S(cpus->ids[i], bytes, set); /* nothing, if it has no such bit */
        result = call(0, bytes, set) < 0 ? -errno : 0;
        if (result == 0) {
            *ret_set = set;
            *ret_bytes = bytes;
        } else {
            free(set);
        }
    }
    return result;
}

static void cpus_add(struct cpus *cpus, uint16_t id)
{
    if (cpus->count < CPUS_MAX)
        cpus->ids[cpus->count++] = id;
    else
        cpus->left_out++;
}

int cpus_read(struct cpus *ret_cpus)
{
    cpu_set_t *set = NULL;
    size_t bytes = 0;
    int result = affinity_of_any_size(affinity_get, NULL, &set, &bytes);

    if (result < 0)
        return result;
    ret_cpus->count = ret_cpus->left_out = 0;
    for (unsigned id = 0; id <= CPUS_ID_MAX; id++) {
        if (CPU_ISSET_S(id, bytes, set))
            cpus_add(ret_cpus, (uint16_t)id);
    }
    free(set);
    return 0;
}

bool cpus_describe_left_out(const struct cpus *cpus, char line[CPUS_LEFT_OUT_BYTES])
{
    if (cpus->left_out == 0)
        return false;
    snprintf(line, CPUS_LEFT_OUT_BYTES,
             "warning: %u CPUs are allowed, of which only the first %u are used",
             cpus->count + cpus->left_out, cpus->count);
    return true;
}

int cpus_keep_to(const struct cpus *cpus)
{
    cpu_set_t *set = NULL;
    size_t bytes = 0;
    int result = affinity_of_any_size(affinity_set, cpus, &set, &bytes);

    if (result == 0)
        free(set);
    return result;
}

uint16_t cpus_place(const struct cpus *cpus, int start, uint32_t i)
{
    uint32_t first = 0;

    assert(cpus->count > 0);
    for (uint32_t k = 0; k < cpus->count; k++) {
        if (cpus->ids[k] == start)
            first = k;
    }
    return cpus->ids[(first + i) % cpus->count];
}

int cpus_pin(uint16_t id)
{
    return cpus_keep_to(&(struct cpus){.count = 1, .ids = {id}});
}

int cpus_only(void)
{
    struct cpus cpus;

    return cpus_read(&cpus) == 0 && cpus.count == 1 ? cpus.ids[0] : -1;
}

bool cpus_has(const struct cpus *cpus, uint16_t id)
{
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->ids[i] == id)
            return true;
    }
    return false;
}

/* Read an id; *text then points after it. */
static int id_parse(const char **text, unsigned long *ret_id)
{
    char *rest;

    if (!isdigit((unsigned char)**text))
        return -EINVAL;
    errno = 0;
    *ret_id = strtoul(*text, &rest, 10);
    *text = rest;
    return errno == ERANGE || *ret_id > CPUS_ID_MAX ? -ERANGE : 0;
}

int cpus_parse(const char *text, struct cpus *ret_cpus)
{
    bool named[CPUS_ID_MAX + 1] = {false};
    struct cpus cpus = {0};
    unsigned long low = 0, high = 0;

    do {
        int result = id_parse(&text, &low);

        high = low;
        if (result == 0 && *text == '-') {
            text++;
            result = id_parse(&text, &high);
        }
        if (result < 0)
            return result;
        if (low > high)
            return -EINVAL;
        memset(&named[low], true, high - low + 1);
    } while (*text++ == ',');
    if (text[-1] != '\0')
        return -EINVAL;
    for (unsigned id = 0; id <= CPUS_ID_MAX; id++) {
        if (named[id])
            cpus_add(&cpus, (uint16_t)id);
    }
    if (cpus.left_out > 0)
        return -E2BIG;
    *ret_cpus = cpus;
    return 0;
}

char *cpus_format(const struct cpus *cpus, char *text, size_t bytes)
{
    static const char more[] = "...";
    size_t used = 0;
    uint32_t last;

    text[0] = '\0';
    for (uint32_t i = 0; i < cpus->count; i = last + 1) {
        const char *comma = i > 0 ? "," : "";
        size_t room = bytes - used;
        int length;

        for (last = i; last + 1 < cpus->count && cpus->ids[last + 1] == cpus->ids[last] + 1;)
            last++;
        if (last > i)
            length = snprintf(text + used, room, "%s%u-%u", comma, cpus->ids[i], cpus->ids[last]);
        else
            length = snprintf(text + used, room, "%s%u", comma, cpus->ids[i]);
        if (length < 0 || used + (size_t)length + sizeof(more) > bytes) {
            snprintf(text + used, room, "%s", more);
            break;
        }
        used += (size_t)length;
    }
    return text;
}
