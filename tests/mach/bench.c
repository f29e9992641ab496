#include "tests/mach/bench.h"

#include "api/kinds.h"
#include "mach/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { HEED_FRAMES = 10 };

static void take_frame(struct video_port *p, const struct video_frame *f)
{
    struct bench *b = container_of(p, struct bench, video);
    unsigned size = f->format == VIDEO_NES ? 2 : 4;
    size_t row = (size_t)f->width * size;

    if (b->pixel_bytes != row * f->height) {
        b->pixel_bytes = row * f->height;
        b->pixels = realloc(b->pixels, b->pixel_bytes);
        if (!b->pixels)
            abort();
    }
    for (unsigned y = 0; y < f->height; y++)
        memcpy(b->pixels + y * row, (const u8 *)f->pixels + (size_t)y * f->stride_bytes, row);
    b->width = f->width;
    b->pixel_size = size;
    b->pictures++;
    b->picture = XXH3_64bits(b->pixels, b->pixel_bytes);
}

static void take_samples(struct audio_port *p, const s16 *samples, size_t count)
{
    struct bench *b = container_of(p, struct bench, audio);

    b->samples += count;
    b->sound = XXH3_64bits_withSeed(samples, count * sizeof *samples, b->sound);
}

static u32 say_buttons(struct input_port *p, unsigned index)
{
    const struct bench *b = container_of(p, struct bench, input);

    return index < ARRAY_SIZE(b->held) ? b->held[index] : 0;
}

static const struct video_ops video_ops = { take_frame };
static const struct audio_ops audio_ops = { take_samples, NULL };
static const struct input_ops input_ops = { say_buttons };

int bench_open(struct bench *b, const u8 *image, size_t len, const struct setting *settings,
               unsigned count, struct err *e)
{
    struct config c = { .name = "bench",
                        .image = image,
                        .image_bytes = len,
                        .settings = settings,
                        .setting_count = count };
    struct ports ports;
    const char *what;

    *b = (struct bench) { .video.ops = &video_ops,
                          .audio.ops = &audio_ops,
                          .input.ops = &input_ops };
    ports = (struct ports) { .video = &b->video, .audio = &b->audio, .input = &b->input };
    for (unsigned i = 0; i < kind_count; i++)
        if (kinds[i]->accepts(image, len, &what))
            return kinds[i]->create(kinds[i], &c, &ports, &b->machine, e);
    return err_set(e, ERR_FORMAT, "no kind accepts it");
}

void bench_close(struct bench *b)
{
    if (b->machine)
        b->machine->kind->destroy(b->machine);
    b->machine = NULL;
    free(b->pixels);
    b->pixels = NULL;
}

enum stop bench_frames(struct bench *b, unsigned frames)
{
    struct machine *m = b->machine;

    m->frame_limit = m->frames + frames;
    return m->kind->run(m, UINT64_MAX, NULL);
}

enum stop bench_until(struct bench *b, u64 ticks)
{
    struct machine *m = b->machine;

    m->frame_limit = 0;
    return m->kind->run(m, ticks, NULL);
}

void bench_heed(struct bench *b)
{
    const struct kind *k = b->machine->kind;
    struct test_report t;

    k->test(b->machine, &t);
    b->asked = t.state == TEST_RESET ? b->asked + 1 : 0;
    if (b->asked == HEED_FRAMES)
        k->reset(b->machine);
}

void bench_join(struct bench *b, const struct bench *a)
{
    u8 *pixels = a->pixel_bytes ? realloc(b->pixels, a->pixel_bytes) : b->pixels;

    if (a->pixel_bytes && !pixels)
        abort();
    if (a->pixel_bytes)
        memcpy(pixels, a->pixels, a->pixel_bytes);
    b->pixels = pixels;
    b->pixel_bytes = a->pixel_bytes;
    b->width = a->width;
    b->pixel_size = a->pixel_size;
    b->pictures = a->pictures;
    b->samples = a->samples;
    b->picture = a->picture;
    b->sound = a->sound;
}

static u32 pixel(const struct bench *b, size_t at)
{
    u32 v = 0;

    memcpy(&v, b->pixels + at * b->pixel_size, b->pixel_size);
    return v;
}

static bool pictures_differ(const struct bench *a, const struct bench *b, char *out, size_t room)
{
    size_t at = 0;

    if (a->pictures != b->pictures) {
        snprintf(out, room, "%llu pictures and %llu", (unsigned long long)a->pictures,
                 (unsigned long long)b->pictures);
        return true;
    }
    if (a->picture == b->picture)
        return false;
    while (pixel(a, at) == pixel(b, at))
        at++;
    snprintf(out, room, "picture %llu at %zu,%zu: $%03x and $%03x", (unsigned long long)a->pictures,
             at % a->width, at / a->width, pixel(a, at), pixel(b, at));
    return true;
}

bool bench_differs(struct bench *a, struct bench *b, char *out, size_t room)
{
    if (machine_differs(a->machine, b->machine, out, room) || pictures_differ(a, b, out, room))
        return true;
    if (a->samples == b->samples && a->sound == b->sound)
        return false;
    snprintf(out, room, "sound (%llu samples and %llu)", (unsigned long long)a->samples,
             (unsigned long long)b->samples);
    return true;
}

void bench_where(struct bench *b, char *out, size_t room)
{
    static const struct {
        const char *path, *text;
    } places[] = { { "cpu.pc", "pc $%04llX" },
                   { "ppu.line", "line %llu" },
                   { "ppu.dot", "dot %llu" } };
    struct field_ref ref;
    size_t at = (size_t)snprintf(out, room, "cycle %llu", (unsigned long long)b->machine->now);

    component_saving(&b->machine->root);
    for (unsigned i = 0; i < ARRAY_SIZE(places) && at < room; i++) {
        char text[32];

        if (!component_field(&b->machine->root, places[i].path, &ref, NULL))
            continue;
        snprintf(text, sizeof text, places[i].text, (unsigned long long)field_get(&ref));
        at += (size_t)snprintf(out + at, room - at, ", %s", text);
    }
}
