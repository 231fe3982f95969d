#include "host/machine.h"

#include "host/cgroup.h"
#include "host/cpus.h"
#include "host/platform.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/utsname.h>

#define CPUINFO_BYTES 4096 /* enough for the first CPU */

static const char *const setting_names[] = {
    /* Ports, and how long they stay in use. */
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_timestamps",
    /* Accept queues. */
    "net.core.somaxconn",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_abort_on_overflow",
    /* The path of a packet. */
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_congestion_control",
    "net.core.default_qdisc",
    "net.core.netdev_max_backlog",
    "net.netfilter.nf_conntrack_max",
    "net.ipv6.conf.all.disable_ipv6",
};
#define SETTING_COUNT (sizeof(setting_names) / sizeof(setting_names[0]))
_Static_assert(SETTING_COUNT <= MACHINE_SETTINGS_MAX, "more settings than fit");

/* Make every run of blanks one space, with no blanks at the ends. */
static void blanks_squeeze(char *text)
{
    char *out = text;

    for (const char *in = text + strspn(text, " \t\n"); *in;) {
        size_t blanks = strspn(in, " \t\n");

        if (blanks > 0 && in[blanks])
            *out++ = ' ';
        in += blanks;
        if (*in)
            *out++ = *in++;
    }
    *out = '\0';
}

static void setting_read(const char *name, struct machine_setting *ret_setting)
{
    char path[PLATFORM_PATH_BYTES];

    ret_setting->name = name;
    platform_text_read(platform_sysctl_path("", name, path), ret_setting->value,
                       sizeof(ret_setting->value));
    blanks_squeeze(ret_setting->value);
}

/* Copy the value of a line "name<blanks>: value". Returns false if there is no such line. */
static bool cpuinfo_value(const char *cpuinfo, const char *name, char value[MACHINE_TEXT_BYTES])
{
    size_t name_length = strlen(name);

    for (const char *line = cpuinfo; *line;) {
        const char *after = line + strcspn(line, "\n");
        const char *colon = line + name_length;

        if (strncmp(line, name, name_length) == 0) {
            colon += strspn(colon, " \t");
            if (*colon == ':' && colon + 1 < after) {
                snprintf(value, MACHINE_TEXT_BYTES, "%.*s", (int)(after - colon - 1), colon + 1);
                blanks_squeeze(value);
                return true;
            }
        }
        line = *after ? after + 1 : after;
    }
    return false;
}

char *machine_cpu_model(const char *cpuinfo, char model[MACHINE_TEXT_BYTES])
{
    /* x86, MIPS, POWER, RISC-V; old ARM kernels have the first one too. */
    static const char *const names[] = {"model name", "cpu model", "cpu", "uarch"};
    char implementer[MACHINE_TEXT_BYTES], part[MACHINE_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cpuinfo_value(cpuinfo, names[i], model))
            return model;
    }
    model[0] = '\0';
    if (cpuinfo_value(cpuinfo, "CPU implementer", implementer) && /* ARM has only numbers */
        cpuinfo_value(cpuinfo, "CPU part", part))
        snprintf(model, MACHINE_TEXT_BYTES, "ARM implementer %.16s part %.16s", implementer, part);
    return model;
}

static int entry_is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

char *machine_mitigations(const char *folder, char text[MACHINE_FAULTS_BYTES])
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, entry_is_visible, alphasort);
    bool is_known = count > 0;
    size_t length = 0;

    for (int i = 0; i < count; i++) {
        char path[PLATFORM_PATH_BYTES + sizeof(entries[i]->d_name)], status[MACHINE_TEXT_BYTES];

        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        platform_word_read(path, status, sizeof(status));
        is_known = is_known && status[0] != '\0';
        if (strncmp(status, "Vulnerable", strlen("Vulnerable")) == 0 &&
            length < MACHINE_FAULTS_BYTES)
            length += (size_t)snprintf(text + length, MACHINE_FAULTS_BYTES - length, "%s %s",
                                       length == 0 ? "all but" : "", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (!is_known || length == 0)
        snprintf(text, MACHINE_FAULTS_BYTES, "%s", is_known ? "all" : "");
    return text;
}

static uint64_t sysconf_count(int name)
{
    long count = sysconf(name);

    return count > 0 ? (uint64_t)count : 0;
}

void machine_read(struct machine *ret_machine)
{
    struct cgroup_quota quota = cgroup_cpu_quota(PLATFORM_SELF);
    struct platform_memory memory = platform_memory_read("");
    char cpuinfo[CPUINFO_BYTES];
    struct utsname name;
    struct cpus cpus;

    *ret_machine = (struct machine){.quota_us = quota.quota_us,
                                    .quota_period_us = quota.period_us,
                                    .cpus_online = (uint32_t)sysconf_count(_SC_NPROCESSORS_ONLN),
                                    .memory_bytes = memory.machine_bytes,
                                    .memory_limit_bytes = memory.limit_bytes,
                                    .setting_count = SETTING_COUNT};
    if (uname(&name) == 0)
        snprintf(ret_machine->kernel, sizeof(ret_machine->kernel), "%.40s %.60s %.20s",
                 name.sysname, name.release, name.machine);
    machine_cpu_model(platform_text_read("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)),
                      ret_machine->cpu_model);
    platform_word_read("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                       ret_machine->clock_source, sizeof(ret_machine->clock_source));
    platform_word_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                       ret_machine->governor, sizeof(ret_machine->governor));
    machine_mitigations("/sys/devices/system/cpu/vulnerabilities", ret_machine->mitigations);
    if (cpus_read(&cpus) == 0)
        ret_machine->cpus_allowed = cpus.count;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        setting_read(setting_names[i], &ret_machine->settings[i]);
}

const char *machine_setting(const struct machine *machine, const char *name)
{
    for (uint32_t i = 0; i < machine->setting_count; i++) {
        if (strcmp(machine->settings[i].name, name) == 0)
            return machine->settings[i].value;
    }
    return "";
}
