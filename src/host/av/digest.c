#include "host/av/digest.h"

#include "base/own.h"

#include <string.h>

void digest_init(struct digest *d)
{
    SHA1Init(&d->sha1);
}

void digest_bytes(struct digest *d, const void *bytes, size_t len)
{
    SHA1Update(&d->sha1, bytes, len);
}

void digest_samples(struct digest *d, const s16 *samples, size_t count)
{
    u8 bytes[512];

    while (count) {
        size_t n = count < sizeof bytes / 2 ? count : sizeof bytes / 2;

        for (size_t i = 0; i < n; i++) {
            bytes[2 * i] = (u8)samples[i];
            bytes[2 * i + 1] = (u8)((u16)samples[i] >> 8);
        }
        digest_bytes(d, bytes, 2 * n);
        samples += n;
        count -= n;
    }
}

void digest_text(const struct digest *d, char text[static DIGEST_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    u8 sum[SHA1_DIGEST_LENGTH];
    SHA1_CTX copy = d->sha1;

    SHA1Final(sum, &copy);
    for (unsigned i = 0; i < sizeof sum; i++) {
        text[2 * i] = digits[sum[i] >> 4];
        text[2 * i + 1] = digits[sum[i] & 15];
    }
    text[2 * sizeof sum] = 0;
}

void digest_picture(const struct video_frame *f, char text[static DIGEST_TEXT])
{
    struct digest d;

    digest_init(&d);
    for (unsigned y = 0; y < f->height; y++) {
        const void *row = (const u8 *)f->pixels + (size_t)y * f->stride_bytes;
        const u32 *xrgb = row;

        if (f->format == VIDEO_NES) {
            digest_samples(&d, row, f->width);
            continue;
        }
        for (unsigned x = 0; x < f->width; x++) {
            u8 bytes[4] = { (u8)xrgb[x], (u8)(xrgb[x] >> 8), (u8)(xrgb[x] >> 16),
                            (u8)(xrgb[x] >> 24) };

            digest_bytes(&d, bytes, sizeof bytes);
        }
    }
    digest_text(&d, text);
}

/* The colours seen: an open-addressed table of colour + 1 (0 is free), and the label of each. */
struct labels {
    u32 *key;
    u8 *label;
    u32 mask, count;
};

static u8 label_of(struct labels *l, u32 rgb)
{
    u32 at = rgb * 0x9e3779b1U >> 7 & l->mask;

    while (l->key[at] != rgb + 1) {
        if (!l->key[at]) {
            l->key[at] = rgb + 1;
            l->label[at] = (u8)l->count++;
            break;
        }
        at = (at + 1) & l->mask;
    }
    return l->label[at];
}

int digest_labels(const struct video_frame *f, const struct palette *p,
                  char text[static DIGEST_TEXT], struct err *e)
{
    size_t n = (size_t)f->width * f->height, slots = 2;
    OWN(buf) u32 *rgb = NULL, *key = NULL;
    OWN(buf) u8 *label = NULL, *out = NULL;
    struct labels l;
    struct digest d;

    while (slots < 2 * n)
        slots *= 2;
    rgb = malloc(n * sizeof *rgb);
    key = calloc(slots, sizeof *key);
    label = malloc(slots);
    out = malloc(n);
    if (!rgb || !key || !label || !out)
        return err_set(e, ERR_NOMEM, "the label digest of %u x %u pixels", f->width, f->height);
    l = (struct labels) { key, label, (u32)slots - 1, 0 };
    picture_convert(f, p, rgb);
    for (size_t i = 0; i < n; i++)
        out[i] = label_of(&l, rgb[i]);
    digest_init(&d);
    digest_bytes(&d, out, n);
    digest_text(&d, text);
    return 0;
}
