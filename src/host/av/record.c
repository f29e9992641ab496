#include "host/av/record.h"

#include "base/own.h"
#include "host/av/png.h"

#include <assert.h>
#include <string.h>

/* ---- pictures ---- */

static void keep_frame(struct video_port *port, const struct video_frame *f)
{
    struct video_keep *k = container_of(port, struct video_keep, port);
    size_t bytes = (size_t)f->stride_bytes * f->height;

    if (k->next)
        k->next->ops->frame(k->next, f);
    if (f->number < k->from)
        return;
    if (bytes > k->room) {
        void *p = realloc(k->pixels, bytes);

        if (!p)
            return; /* the last frame that could be kept stays */
        k->pixels = p;
        k->room = bytes;
    }
    memcpy(k->pixels, f->pixels, bytes);
    k->frame = *f;
    k->frame.pixels = k->pixels;
}

static const struct video_ops keep_ops = { .frame = keep_frame };

void video_keep_init(struct video_keep *k, u64 from)
{
    *k = (struct video_keep) { .port = { &keep_ops }, .from = from };
}

void video_keep_fini(struct video_keep *k)
{
    free(k->pixels);
    k->pixels = NULL;
}

const struct video_frame *video_keep_frame(const struct video_keep *k)
{
    return k->frame.pixels ? &k->frame : NULL;
}

int video_keep_png(const struct video_keep *k, const struct palette *p, const struct crop *c,
                   unsigned scale, const char *path, struct err *e)
{
    const struct video_frame *f = video_keep_frame(k);
    OWN(buf) u32 *rgb = NULL;
    struct video_frame part;
    struct crop cut;

    if (!f)
        return err_set(e, ERR_STATE, "%s: the machine has shown no picture yet", path);
    cut = crop_fit(c, f->width, f->height);
    part = *f;
    part.width -= cut.left + cut.right;
    part.height -= cut.top + cut.bottom;
    part.pixels = (const u8 *)f->pixels + (size_t)cut.top * f->stride_bytes +
                  (size_t)cut.left * (f->format == VIDEO_NES ? 2 : 4);
    rgb = malloc((size_t)part.width * part.height * sizeof *rgb);
    if (!rgb)
        return err_set(e, ERR_NOMEM, "%s", path);
    picture_convert(&part, p, rgb);
    return png_write(path, rgb, part.width, part.height, scale, e);
}

/* ---- sound ---- */

static void keep_samples(struct audio_record *r, const s16 *samples, size_t count)
{
    size_t to = (r->kept_from + r->kept_count) % AUDIO_HZ, over;

    for (size_t i = 0; i < count; i++) {
        r->kept[to] = samples[i];
        to = to + 1 < AUDIO_HZ ? to + 1 : 0;
    }
    r->kept_count += count;
    if (r->kept_count > AUDIO_HZ) {
        over = r->kept_count - AUDIO_HZ;
        r->kept_from = (r->kept_from + over) % AUDIO_HZ;
        r->kept_count = AUDIO_HZ;
    }
}

static void record_samples(struct audio_port *port, const s16 *samples, size_t count)
{
    struct audio_record *r = container_of(port, struct audio_record, port);

    if (r->next)
        r->next->ops->samples(r->next, samples, count);
    if (r->wav)
        wav_write(r->wav, samples, count);
    if (r->hash)
        digest_samples(&r->digest, samples, count);
    if (r->kept)
        keep_samples(r, samples, count);
    r->count += count;
}

static u32 record_pace(struct audio_port *port)
{
    struct audio_record *r = container_of(port, struct audio_record, port);

    return r->next && r->next->ops->pace ? r->next->ops->pace(r->next) : 65536;
}

static const struct audio_ops record_ops = { .samples = record_samples, .pace = record_pace };

void audio_record_init(struct audio_record *r, bool hash, struct wav *wav)
{
    *r = (struct audio_record) { .port = { &record_ops }, .wav = wav, .hash = hash };
    digest_init(&r->digest);
}

void audio_record_fini(struct audio_record *r)
{
    free(r->kept);
    r->kept = NULL;
}

size_t audio_record_take(struct audio_record *r, s16 *out, size_t room)
{
    size_t n = room < r->kept_count ? room : r->kept_count;

    if (!r->kept)
        r->kept = malloc(AUDIO_HZ * sizeof *r->kept); /* without: as if there were no sound */
    for (size_t i = 0; i < n; i++)
        out[i] = r->kept[(r->kept_from + i) % AUDIO_HZ];
    r->kept_from = (r->kept_from + n) % AUDIO_HZ;
    r->kept_count -= n;
    return n;
}
