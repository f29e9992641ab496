/* What it costs to have a history, and to go to a moment of it.
 *
 *     measure THING FRAMES [MIB]
 *
 * Runs so many pictures without a history and with one, each three times in turn; then, from the
 * end, goes to random moments, back an instruction at a time, and back a picture at a time. Input
 * changes every 20 pictures. A line for each figure: name, value, unit. */
#include "api/kinds.h"
#include "base/file.h"
#include "svc/replay/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIALS = 3, SEEKS = 50 };

struct bed {
    struct machine *machine;
    struct recorder *recorder;
    struct history *history;
    struct ports ports;
    struct video_port video;
    struct audio_port audio;
    struct input_port input;
};

static void die(const char *what)
{
    fprintf(stderr, "measure: %s\n", what);
    exit(1);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take_frame(struct video_port *p, const struct video_frame *f)
{
    (void)p;
    (void)f;
}
static void take_samples(struct audio_port *p, const s16 *samples, size_t count)
{
    (void)p;
    (void)samples;
    (void)count;
}
static u32 say_pace(struct audio_port *p)
{
    (void)p;
    return 65536;
}
static u32 say_buttons(struct input_port *p, unsigned index)
{
    u64 x = container_of(p, struct bed, input)->machine->frames / 20 * 2 + index + 1;

    return (u32)(x * 0x9e3779b97f4a7c15u >> 56);
}
static const struct video_ops video_ops = { take_frame };
static const struct audio_ops audio_ops = { take_samples, say_pace };
static const struct input_ops input_ops = { say_buttons };

static void bed_open(struct bed *b, const u8 *image, size_t len, size_t memory)
{
    struct history_options o = { .memory_bytes = memory };
    struct config c = { .name = "bench", .image = image, .image_bytes = len };
    const struct ports *ports = &b->ports;
    const char *what;
    struct err e;

    *b = (struct bed) { .video.ops = &video_ops, .audio.ops = &audio_ops, .input.ops = &input_ops };
    b->ports = (struct ports) { .video = &b->video, .audio = &b->audio, .input = &b->input };
    if (memory) {
        if (recorder_create(&b->ports, &b->recorder, &e))
            die(e.text);
        ports = recorder_ports(b->recorder);
    }
    for (unsigned i = 0; i < kind_count; i++)
        if (kinds[i]->accepts(image, len, &what) &&
            kinds[i]->create(kinds[i], &c, ports, &b->machine, &e))
            die(e.text);
    if (!b->machine)
        die("no kind accepts it");
    if (!memory)
        return;
    recorder_attach(b->recorder, b->machine);
    if (history_create(b->machine, b->recorder, &o, &b->history, &e))
        die(e.text);
}

static void bed_close(struct bed *b)
{
    history_destroy(b->history);
    b->machine->kind->destroy(b->machine);
    recorder_destroy(b->recorder);
}

static double run(struct bed *b, u64 frames)
{
    double start = seconds();

    while (b->machine->frames < frames) {
        b->machine->frame_limit = b->machine->frames + 1;
        if (b->history)
            history_run(b->history, UINT64_MAX, NULL);
        else
            b->machine->kind->run(b->machine, UINT64_MAX, NULL);
    }
    return seconds() - start;
}

static double seek(struct bed *b, u64 time)
{
    double start = seconds();
    struct err e;

    if (history_seek(b->history, time, &e))
        die(e.text);
    return seconds() - start;
}

static void say(const char *name, double value, const char *unit)
{
    printf("%-34s %12.3f %s\n", name, value, unit);
}

static void seeks(struct bed *b)
{
    u64 first = history_first(b->history), end = history_last(b->history), x = 1;
    u64 frame = b->machine->display.ticks_num / b->machine->display.ticks_den;
    double sum = 0, worst = 0, t;

    for (unsigned i = 0; i < SEEKS; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        t = seek(b, first + (x >> 16) % (end - first));
        sum += t;
        worst = t > worst ? t : worst;
    }
    say("seek, random moment, mean", sum / SEEKS * 1e3, "ms");
    say("seek, random moment, worst", worst * 1e3, "ms");
    seek(b, first + (end - first) / 2);
    sum = worst = 0;
    for (unsigned i = 0; i < SEEKS; i++) {
        t = seek(b, b->machine->now - 1);
        sum += t;
        worst = t > worst ? t : worst;
    }
    say("back an instruction, mean", sum / SEEKS * 1e3, "ms");
    say("back an instruction, worst", worst * 1e3, "ms");
    seek(b, end);
    sum = worst = 0;
    for (unsigned i = 0; i < 600 && b->machine->now - first > 2 * frame; i++) {
        t = seek(b, b->machine->now - frame);
        sum += t;
        worst = t > worst ? t : worst;
    }
    say("back a picture, mean of 600", sum / 600 * 1e3, "ms");
    say("back a picture, worst", worst * 1e3, "ms");
}

int main(int argc, char **argv)
{
    u64 frames = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t memory = (argc > 3 ? strtoull(argv[3], NULL, 10) : 64) << 20, len;
    double without = 0, with = 0;
    struct history_stats st;
    struct bed b;
    struct err e;
    u8 *image;

    if (!frames)
        die("wants THING FRAMES [MIB]");
    if (file_read(argv[1], 64 << 20, &image, &len, &e))
        die(e.text);
    for (unsigned i = 0; i < TRIALS; i++) {
        double t;

        bed_open(&b, image, len, 0);
        t = run(&b, frames);
        without = !i || t < without ? t : without;
        bed_close(&b);
        bed_open(&b, image, len, memory);
        t = run(&b, frames);
        with = !i || t < with ? t : with;
        if (i + 1 < TRIALS)
            bed_close(&b);
    }
    history_stats(b.history, &st);
    say("pictures/s without a history", (double)frames / without, "");
    say("pictures/s with one", (double)frames / with, "");
    say("cost of the history", (with / without - 1) * 100, "%");
    say("checkpoints kept", st.checkpoints, "");
    say("image", (double)st.image_bytes / 1024, "KiB");
    say("bytes a checkpoint", (double)st.checkpoint_bytes / st.checkpoints, "");
    say("tape, bytes a picture", (double)st.tape_bytes / (double)frames, "");
    seeks(&b);
    bed_close(&b);
    free(image);
    return 0;
}
