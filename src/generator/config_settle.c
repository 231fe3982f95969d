/* The combined meaning of hello-load's options: which of two that say the same wins, and which
 * contradict. */
#include "base/escape.h"
#include "base/units.h"
#include "generator/config.h"
#include "result/assertion.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 96 /* the part of a text that an error shows */

static enum option_source source_of(const enum option_source *sources, const char *name)
{
    return sources[option_row_find(&load_options, name)];
}

static int settle_cpus(struct load_config *config, const enum option_source *sources,
                       char error[OPTION_ERROR_BYTES])
{
    const char *text = config->options.cpus;
    size_t row = option_row_find(&load_options, "cpus");
    char problem[OPTION_ERROR_BYTES / 2], title[OPTION_TITLE_BYTES], shown[SHOWN_BYTES];
    int result = cpus_request_parse(text, &config->cpus_request, problem, sizeof(problem));

    if (result < 0)
        snprintf(error, OPTION_ERROR_BYTES, "%s'%s': %s",
                 option_title(&load_options, &load_options.rows[row], sources[row], title),
                 escape_encode(text, strlen(text), shown, sizeof(shown)), problem);
    return result;
}

static int contradiction(char error[OPTION_ERROR_BYTES], const char *one, const char *other)
{
    snprintf(error, OPTION_ERROR_BYTES, "%s and %s contradict; give one of them", one, other);
    return -EINVAL;
}

/* -4, -6 and --family say the same thing; the most direct one wins. */
static int settle_family(struct load_config *config, const enum option_source *sources,
                         char error[OPTION_ERROR_BYTES])
{
    enum option_source family = source_of(sources, "family");
    enum option_source ipv4 = config->ipv4 ? source_of(sources, "ipv4") : OPTION_FROM_DEFAULT;
    enum option_source ipv6 = config->ipv6 ? source_of(sources, "ipv6") : OPTION_FROM_DEFAULT;

    config->ipv4 = config->ipv4 && ipv4 >= ipv6 && ipv4 >= family;
    config->ipv6 = config->ipv6 && ipv6 >= ipv4 && ipv6 >= family;
    if (config->ipv4 && config->ipv6)
        return contradiction(error, "--ipv4", "--ipv6");
    if (config->ipv4 && ipv4 == family && config->options.family != LOAD_FAMILY_IPV4)
        return contradiction(error, "--ipv4", "--family");
    if (config->ipv6 && ipv6 == family && config->options.family != LOAD_FAMILY_IPV6)
        return contradiction(error, "--ipv6", "--family");
    if (config->ipv4)
        config->options.family = LOAD_FAMILY_IPV4;
    if (config->ipv6)
        config->options.family = LOAD_FAMILY_IPV6;
    return 0;
}

/* Of two options that exclude each other, the one on the command line wins over the environment. */
static int settle_exclusions(struct load_config *config, const enum option_source *sources,
                             char error[OPTION_ERROR_BYTES])
{
    enum option_source count = source_of(sources, "count");
    enum option_source duration = source_of(sources, "duration");
    enum option_source json = source_of(sources, "json");
    enum option_source csv = source_of(sources, "csv");

    if (config->options.count && config->options.duration_ns && count == duration)
        return contradiction(error, "--count", "--duration");
    if (count < duration)
        config->options.count = 0;
    else if (duration < count)
        config->options.duration_ns = 0;
    if (!config->options.count && !config->options.duration_ns)
        config->options.duration_ns = LOAD_DURATION_NS;

    if (config->json && config->csv && json == csv)
        return contradiction(error, "--json", "--csv");
    if (config->json && config->csv) {
        config->json = json > csv;
        config->csv = csv > json;
    }
    return 0;
}

static int check_times(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    char one[UNITS_TEXT_BYTES], other[UNITS_TEXT_BYTES];
    uint64_t run_ns = config->options.warmup_ns + config->options.duration_ns;

    if (config->options.connect_timeout_ns > config->options.timeout_ns) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--connect-timeout '%s' is longer than --timeout '%s', which counts from the same "
                 "start; raise that, or lower this",
                 duration_format(config->options.connect_timeout_ns, one),
                 duration_format(config->options.timeout_ns, other));
        return -EINVAL;
    }
    if (config->options.duration_ns && config->options.ramp_ns > run_ns) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--ramp '%s' is longer than --warmup and --duration together, '%s'; shorten it, "
                 "or let the run last longer",
                 duration_format(config->options.ramp_ns, one), duration_format(run_ns, other));
        return -EINVAL;
    }
    return 0;
}

static int check_load(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    if (config->options.arrivals == LOAD_POISSON && !config->options.rate.starts) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--arrivals 'poisson' needs a rate; add --rate, such as --rate 500/s");
        return -EINVAL;
    }
    if (config->connections && config->threads > config->connections) {
        snprintf(error, OPTION_ERROR_BYTES,
                 "--threads '%" PRIu64 "' is more than --connections '%" PRIu64
                 "'; each thread needs at least one",
                 config->threads, config->connections);
        return -EINVAL;
    }
    return 0;
}

static int check_assertions(const struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < config->assertions.count; i++)
        result = assertion_check(config->assertions.items[i], error);
    return result;
}

int load_config_settle(struct load_config *config, char error[OPTION_ERROR_BYTES])
{
    const enum option_source *sources = config->sources;
    int result;

    if (config->options.targets.count == 0) {
        snprintf(error, OPTION_ERROR_BYTES, "no HOST given; name a target, see --help");
        return -EINVAL;
    }
    result = settle_family(config, sources, error);
    if (result == 0)
        result = settle_exclusions(config, sources, error);
    if (result == 0)
        result = check_times(config, error);
    if (result == 0)
        result = check_load(config, error);
    if (result == 0)
        result = check_assertions(config, error);
    return result < 0 ? result : settle_cpus(config, sources, error);
}
