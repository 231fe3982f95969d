/* Which greeting a responder answers with, and which earlier ones its connections still need. */
#include "server/greetings.h"
#include "server/responder_state.h"

#define BIT(place) (1u << (place))

/* Hold the greeting in force, once. Returns its settings. */
static const struct connection_settings *responder_take_greeting(struct responder *responder)
{
    struct greetings *greetings = responder->args->greetings;
    const struct connection_settings *settings =
        greetings_take(greetings, &responder->greeting_place);

    if (responder->greetings_held & BIT(responder->greeting_place))
        greetings_give(greetings, responder->greeting_place);
    responder->greetings_held |= BIT(responder->greeting_place);
    return settings;
}

/* Give back the earlier ones that no connection needs any more. */
static void responder_give_greetings(struct responder *responder)
{
    for (uint32_t i = 0; i < GREETINGS_MAX; i++) {
        if (i == responder->greeting_place || !(responder->greetings_held & BIT(i)) ||
            connections_users(&responder->connections, i) > 0)
            continue;
        responder->greetings_held &= ~BIT(i);
        greetings_give(responder->args->greetings, i);
    }
}

int responder_begin_connections(struct responder *responder)
{
    const struct responder_args *args = responder->args;
    const struct connection_settings *settings =
        args->greetings ? responder_take_greeting(responder) : args->settings;
    int result = connections_init(&responder->connections, settings, responder->engine,
                                  args->connections_max);

    connections_settle(&responder->connections, responder->greeting_place, settings);
    return result;
}

void responder_follow_greetings(struct responder *responder)
{
    const struct responder_args *args = responder->args;

    if (!args->greetings || responder->greeting_place == greetings_place(args->greetings))
        return;
    const struct connection_settings *settings = responder_take_greeting(responder);

    connections_settle(&responder->connections, responder->greeting_place, settings);
}

void responder_tidy_greetings(struct responder *responder)
{
    if (responder->greetings_held & ~BIT(responder->greeting_place))
        responder_give_greetings(responder);
}

void responder_end_greetings(struct responder *responder)
{
    for (uint32_t i = 0; i < GREETINGS_MAX; i++) {
        if (responder->greetings_held & BIT(i))
            greetings_give(responder->args->greetings, i);
    }
    responder->greetings_held = 0;
}
