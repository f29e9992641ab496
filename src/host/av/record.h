/* Ports that keep what a machine shows and plays. Each may stand in front of another port, which
 * then gets everything too. */
#ifndef HOST_AV_RECORD_H
#define HOST_AV_RECORD_H

#include "host/av/digest.h"
#include "host/av/wav.h"

/* ---- pictures: the last frame ---- */
struct video_keep {
    struct video_port port;
    struct video_port *next; /* borrowed; may be NULL */
    u64 from;                /* frames before this number are not copied: they cost nothing */
    struct video_frame frame;
    void *pixels;
    size_t room;
};

void video_keep_init(struct video_keep *k, u64 from);
void video_keep_fini(struct video_keep *k);
/* The last frame, with its pixels; NULL when none came. Valid until the next. */
const struct video_frame *video_keep_frame(const struct video_keep *k);
/* Writes it as a PNG. */
int video_keep_png(const struct video_keep *k, const struct palette *p, const struct crop *c,
                   unsigned scale, const char *path, struct err *e);

/* ---- sound: counted, and what is wanted of digest and file ---- */
struct audio_record {
    struct audio_port port;
    struct audio_port *next; /* borrowed; may be NULL; alone paces the machine */
    struct wav *wav;         /* borrowed; may be NULL */
    bool hash;
    struct digest digest;
    u64 count; /* samples so far */
    s16 *kept; /* a ring of AUDIO_HZ; NULL before the first audio_record_take() */
    size_t kept_from, kept_count;
};

void audio_record_init(struct audio_record *r, bool hash, struct wav *wav);
void audio_record_fini(struct audio_record *r);
/* Takes up to `room` samples, the oldest first. From the first call on a second of them is kept;
 * when it is full the oldest give way. */
size_t audio_record_take(struct audio_record *r, s16 *out, size_t room);

#endif
