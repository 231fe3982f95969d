#include "server/greetings.h"

#include "base/check.h"
#include "server/request.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Everything in it stays where it is, and as it is. */
struct greeting {
    struct connection_settings settings;
    struct request request; /* what settings.request points to, if clients must ask */
    struct option_bytes bytes;
};

struct greetings {
    const struct server_config *config;
    struct connection_settings settings; /* of all, but for the greeting */
    pthread_mutex_t lock;                /* for all that follows; `place` may be read without it */
    _Atomic uint32_t place;
    struct {
        struct greeting *greeting; /* NULL: the place is free */
        uint32_t holders;
    } places[GREETINGS_MAX];
};

/* Make a greeting of these bytes. Returns NULL if there is no memory. */
static struct greeting *greeting_new(const struct server_config *config,
                                     const struct connection_settings *settings,
                                     const struct option_bytes *bytes)
{
    struct greeting *greeting = calloc(1, sizeof(*greeting));

    if (!greeting)
        return NULL;
    greeting->bytes.bytes = bytes->bytes;
    memcpy(greeting->bytes.data, bytes->data, bytes->bytes);
    greeting->settings = *settings;
    greeting->settings.greeting = greeting->bytes.data;
    greeting->settings.greeting_bytes = greeting->bytes.bytes;
    if (server_config_asks(config)) {
        request_make(&greeting->request, config, &greeting->bytes);
        greeting->settings.request = &greeting->request;
        greeting->settings.greeting = greeting->request.answers.of[ANSWER_GREETING].data;
        greeting->settings.greeting_bytes = greeting->request.answers.of[ANSWER_GREETING].bytes;
    }
    return greeting;
}

struct greetings *greetings_new(const struct server_config *config,
                                const struct connection_settings *settings)
{
    struct greetings *greetings = calloc(1, sizeof(*greetings));
    struct greeting *first = greeting_new(config, settings, &config->greeting);

    if (!greetings || !first) {
        free(greetings);
        free(first);
        return NULL;
    }
    greetings->config = config;
    greetings->settings = *settings;
    pthread_mutex_init(&greetings->lock, NULL);
    greetings->places[0].greeting = first;
    return greetings;
}

void greetings_free(struct greetings *greetings)
{
    if (!greetings)
        return;
    for (uint32_t i = 0; i < GREETINGS_MAX; i++) {
        CHECK(greetings->places[i].holders == 0, "holders=%u place=%u",
              greetings->places[i].holders, i);
        free(greetings->places[i].greeting);
    }
    pthread_mutex_destroy(&greetings->lock);
    free(greetings);
}

/* Free what is at a place, unless it is held or in force. The lock is held. */
static void greetings_tidy(struct greetings *greetings, uint32_t place)
{
    if (place == greetings->place || greetings->places[place].holders > 0)
        return;
    free(greetings->places[place].greeting);
    greetings->places[place].greeting = NULL;
}

/* The place of an equal greeting, else a free one, else GREETINGS_MAX. Equal ones share a place, so
 * that two greetings in turn need two, however many connections hold the earlier ones. The lock is
 * held. */
static uint32_t greetings_find(const struct greetings *greetings, const struct option_bytes *bytes)
{
    uint32_t found = GREETINGS_MAX;

    for (uint32_t i = 0; i < GREETINGS_MAX; i++) {
        const struct greeting *greeting = greetings->places[i].greeting;

        if (!greeting)
            found = i;
        else if (greeting->bytes.bytes == bytes->bytes &&
                 memcmp(greeting->bytes.data, bytes->data, bytes->bytes) == 0)
            return i;
    }
    return found;
}

int greetings_replace(struct greetings *greetings, const struct option_bytes *bytes)
{
    struct greeting *greeting = greeting_new(greetings->config, &greetings->settings, bytes);
    uint32_t before, place;
    int result = -EBUSY;

    if (!greeting)
        return -ENOMEM;
    pthread_mutex_lock(&greetings->lock);
    before = greetings->place;
    place = greetings_find(greetings, bytes);
    if (place < GREETINGS_MAX && !greetings->places[place].greeting) {
        greetings->places[place].greeting = greeting;
        greeting = NULL;
    }
    if (place < GREETINGS_MAX) {
        greetings->place = place;
        greetings_tidy(greetings, before);
        result = place != before;
    }
    pthread_mutex_unlock(&greetings->lock);
    free(greeting);
    return result;
}

uint32_t greetings_place(const struct greetings *greetings)
{
    return atomic_load_explicit(&greetings->place, memory_order_relaxed);
}

const struct connection_settings *greetings_take(struct greetings *greetings, uint32_t *ret_place)
{
    const struct connection_settings *settings;

    pthread_mutex_lock(&greetings->lock);
    *ret_place = greetings->place;
    greetings->places[*ret_place].holders++;
    settings = &greetings->places[*ret_place].greeting->settings;
    pthread_mutex_unlock(&greetings->lock);
    return settings;
}

void greetings_give(struct greetings *greetings, uint32_t place)
{
    pthread_mutex_lock(&greetings->lock);
    CHECK(greetings->places[place].holders > 0, "place=%u", place);
    greetings->places[place].holders--;
    greetings_tidy(greetings, place);
    pthread_mutex_unlock(&greetings->lock);
}
