/* Writing what users read. What is written is counted and thrown away, so no file is measured. */
#include "base/units.h"
#include "bench_pure.h"
#include "generator/config.h"
#include "report/live_frame.h"
#include "report_sample.h"

#include <stdio.h>

#define COLUMNS 79

/* Something that is written of a sample. Returns 0 or -errno. */
struct renderer {
    int (*render)(const struct report_sample *sample, FILE *out);
};

static int render_text(const struct report_sample *sample, FILE *out)
{
    report_text(&sample->document, out,
                &(struct terminal){.can_color = true, .can_utf8 = true, .columns = COLUMNS});
    return 0;
}

static int render_json(const struct report_sample *sample, FILE *out)
{
    return document_write(&sample->document, out);
}

static int render_csv(const struct report_sample *sample, FILE *out)
{
    report_csv(&sample->document, out);
    return 0;
}

/* The view at the end of the third second, and what leads to it. */
static int render_live_frame(const struct report_sample *sample, FILE *out)
{
    struct page page = {
        .out = out, .columns = COLUMNS, .styles = page_ansi_styles, .can_utf8 = true};
    struct live_state state = {.document = &sample->document, .length_ns = 6 * NS_PER_S};
    struct live_history history = {0};

    for (uint64_t second = 0; second < 3; second++) {
        state.interval = &sample->intervals[second];
        state.elapsed_ns = (second + 1) * NS_PER_S;
        state.done += 8000;
        live_history_add(&history, &state);
    }
    live_frame(&page, &history, &state, LIVE_LINES_MAX);
    return 0;
}

static int render_help(const struct report_sample *sample, FILE *out)
{
    (void)sample;
    option_help(&load_options, out);
    return 0;
}

static ssize_t bytes_count(void *cookie, const char *data, size_t bytes)
{
    (void)data;
    *(uint64_t *)cookie += bytes;
    return (ssize_t)bytes;
}

static void renderer_run(struct bench_state *state, const void *context)
{
    const struct renderer *renderer = context;
    uint64_t bytes = 0;
    FILE *out = fopencookie(&bytes, "w", (cookie_io_functions_t){.write = bytes_count});
    struct report_sample *sample;
    int result = 0;

    if (!out) {
        bench_skip(state, "no memory for a stream");
        return;
    }
    sample = report_sample_new(2);
    report_sample_open_loop(sample);
    report_sample_failures(sample);
    report_sample_assertions(sample);
    while (bench_keep_running(state, 1)) {
        result |= renderer->render(sample, out);
        result |= fflush(out);
    }
    if (result != 0 || bytes == 0)
        bench_fail(state, "it could not be written");
    bench_counter(state, "bytes", (double)bytes, BENCH_PER_ITERATION);
    report_sample_free(sample);
    fclose(out);
}

static const struct renderer text = {render_text}, json = {render_json}, csv = {render_csv},
                             frame = {render_live_frame}, help = {render_help};

const struct bench renderer_benches[] = {
    {.name = "render_text", .run = renderer_run, .context = &text},
    {.name = "render_json", .run = renderer_run, .context = &json},
    {.name = "render_csv", .run = renderer_run, .context = &csv},
    {.name = "render_live_frame", .run = renderer_run, .context = &frame},
    {.name = "render_help", .run = renderer_run, .context = &help},
    {.name = NULL},
};
