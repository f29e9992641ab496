#include "host/av/picture.h"

#include "base/file.h"
#include "base/own.h"

#include <assert.h>
#include <string.h>

/* ---- the default palette ----
 *
 * The 2C02 makes composite video without ever having had a red, green and blue. Columns $1..$C of
 * its colours are a square wave between two voltages, at one of twelve phases 30 degrees apart;
 * the burst, by which a television finds the phase, is wave 8 and means the angle 180 in the UV
 * plane. So: sample one period at the twelve phases, take the mean for Y, correlate with the burst
 * for U, and with a quarter period later for V; scale so that the burst itself comes out at its
 * broadcast strength, as a television's automatic colour control does; and clip.
 *
 * Millivolts above the sync tip's reference, measured on a 2C02G (nesdev.org, "NTSC video"). */
enum {
    BLACK = 312,
    WHITE = 1100,
    BURST_LOW = 148,
    BURST_HIGH = 524,
    BURST_WAVE = 8,
    PHASES = 12,
};

static const u16 levels[2][2][4] = {
    /* low: $xD             high: $x0 */
    { { 228, 312, 552, 880 }, { 616, 840, 1100, 1100 } }, /* plain */
    { { 192, 256, 448, 712 }, { 500, 676, 896, 896 } },   /* attenuated by emphasis */
};

static bool wave_high(unsigned wave, unsigned phase)
{
    return (wave + phase) % PHASES < PHASES / 2;
}

/* Emphasis bit 0 (red), 1 (green), 2 (blue) attenuates while wave 12, 4, 8 is high. */
static bool attenuated(unsigned emphasis, unsigned phase)
{
    for (unsigned bit = 0; bit < 3; bit++)
        if (emphasis >> bit & 1 && wave_high(bit * 4, phase))
            return true;
    return false;
}

static s32 signal(unsigned index, unsigned phase)
{
    unsigned column = index & 15, luma = index >> 4 & 3, emphasis = index >> 6;
    bool high;

    if (column >= 14)
        return BLACK;
    high = column == 0 || (column < 13 && wave_high(column, phase));
    return levels[attenuated(emphasis, phase)][high][luma];
}

/* cos(15 degrees * n) * 2^14. Only odd n occur: the middle of a half wave of six samples lies
 * between two of them. */
static s32 cosine(unsigned n)
{
    static const s16 quarter[7] = { 16384, 15826, 14189, 11585, 8192, 4240, 0 };

    n %= 24;
    if (n > 12)
        n = 24 - n;
    return n <= 6 ? quarter[n] : -quarter[12 - n];
}

/* The correlation of twelve samples with the burst's fundamental, `later` phases later. */
static s32 correlate(const s32 v[static PHASES], unsigned later)
{
    s32 sum = 0;

    /* wave 8 is high for (8 + phase) % 12 in 0..5, the middle of which is 2.5 */
    for (unsigned p = 0; p < PHASES; p++)
        sum += v[p] * cosine(2 * (BURST_WAVE + p) - 5 + 24 - 2 * later);
    return sum;
}

/* 0..255 of a level over black, given in 1/12000 of a millivolt. */
static u32 clip(s64 level)
{
    const s64 full = (s64)(WHITE - BLACK) * 12000;

    if (level <= 0)
        return 0;
    return level >= full ? 255 : (u32)((level * 255 + full / 2) / full);
}

static u32 decode(unsigned index, s32 burst)
{
    s32 v[PHASES], y = 0;
    s64 b_y, r_y, g_y, u, w;

    for (unsigned p = 0; p < PHASES; p++) {
        v[p] = signal(index, p);
        y += v[p] - BLACK;
    }
    /* The burst has 20 units either way of the 100 from black to white; u and w (that is V) in
     * millivolts * 1000. */
    u = -(s64)correlate(v, 0) * (WHITE - BLACK) * 200 / burst;
    w = (s64)correlate(v, 3) * (WHITE - BLACK) * 200 / burst;
    /* The NTSC matrix (FCC primaries): R-Y = 1.140 V, B-Y = 2.032 U, G-Y = -.395 U - .581 V. */
    r_y = w * 1140 * 12 / 1000;
    g_y = -(u * 395 + w * 581) * 12 / 1000;
    b_y = u * 2032 * 12 / 1000;
    return clip((s64)y * 1000 + r_y) << 16 | clip((s64)y * 1000 + g_y) << 8 |
           clip((s64)y * 1000 + b_y);
}

void palette_init(struct palette *p)
{
    s32 v[PHASES];

    for (unsigned phase = 0; phase < PHASES; phase++)
        v[phase] = wave_high(BURST_WAVE, phase) ? BURST_HIGH : BURST_LOW;
    for (unsigned i = 0; i < 512; i++)
        p->rgb[i] = decode(i, correlate(v, 0));
}

/* ---- palette files ---- */

enum { PAL_SHORT = 64 * 3, PAL_LONG = 512 * 3 };

/* How much emphasis leaves of each channel, judged by the default palette's white. */
static u32 dim(u32 rgb, u32 white)
{
    u32 out = 0;

    for (unsigned shift = 0; shift < 24; shift += 8)
        out |= ((rgb >> shift & 255) * (white >> shift & 255) / 255) << shift;
    return out;
}

int palette_parse(struct palette *p, const u8 *bytes, size_t len, const char *name, struct err *e)
{
    struct palette ours;

    if (len != PAL_SHORT && len != PAL_LONG)
        return err_set(e, ERR_FORMAT, "%s: a palette has %d or %d bytes, not %zu", name, PAL_SHORT,
                       PAL_LONG, len);
    palette_init(&ours);
    for (unsigned i = 0; i < 512; i++) {
        const u8 *c = bytes + (size_t)3 * (len == PAL_LONG ? i : i & 63);
        u32 rgb = (u32)c[0] << 16 | (u32)c[1] << 8 | c[2];

        p->rgb[i] = len == PAL_LONG || i < 64 ? rgb : dim(rgb, ours.rgb[(i & ~63U) | 0x20]);
    }
    return 0;
}

int palette_load(struct palette *p, const char *path, struct err *e)
{
    OWN(buf) u8 *bytes = NULL;
    size_t len;
    int r = file_read(path, 64 << 10, &bytes, &len, e);

    return r ? r : palette_parse(p, bytes, len, path, e);
}

/* ---- pictures ---- */

struct crop crop_fit(const struct crop *c, unsigned width, unsigned height)
{
    struct crop out = *c;

    if (out.left >= width)
        out.left = width - 1;
    if (out.right >= width - out.left)
        out.right = width - out.left - 1;
    if (out.top >= height)
        out.top = height - 1;
    if (out.bottom >= height - out.top)
        out.bottom = height - out.top - 1;
    return out;
}

/* Every picture that anyone sees goes through here. `restrict`: or each store would make the
 * compiler read its way to the palette anew. */
static void convert_row(const u16 *restrict in, const u32 *restrict rgb, u32 *restrict out,
                        unsigned width)
{
    for (unsigned x = 0; x < width; x++)
        out[x] = rgb[in[x] & 511];
}

void picture_convert(const struct video_frame *f, const struct palette *p, u32 *out)
{
    for (unsigned y = 0; y < f->height; y++, out += f->width) {
        const void *row = (const u8 *)f->pixels + (size_t)y * f->stride_bytes;
        const u32 *xrgb = row;

        if (f->format == VIDEO_NES)
            convert_row(row, p->rgb, out, f->width);
        else
            for (unsigned x = 0; x < f->width; x++)
                out[x] = xrgb[x] & 0xffffff;
    }
}

static struct rect centred(unsigned w, unsigned h, unsigned area_w, unsigned area_h)
{
    return (struct rect) { ((int)area_w - (int)w) / 2, ((int)area_h - (int)h) / 2, (int)w, (int)h };
}

struct rect picture_fit(enum fit fit, unsigned width, unsigned height, u32 aspect_num,
                        u32 aspect_den, unsigned area_w, unsigned area_h)
{
    u64 wide = (u64)width * aspect_num, tall = (u64)height * aspect_den;
    unsigned times;

    assert(width && height && aspect_num && aspect_den);
    if (fit == FIT_STRETCH)
        return centred(area_w, area_h, area_w, area_h);
    if (fit == FIT_PIXEL) {
        times = area_w / width < area_h / height ? area_w / width : area_h / height;
        if (times)
            return centred(width * times, height * times, area_w, area_h);
        wide = width, tall = height;
    }
    times = area_h / height;
    if (fit == FIT_INTEGER) {
        while (times && (wide * times + aspect_den / 2) / aspect_den > area_w)
            times--;
        if (times)
            return centred((unsigned)((wide * times + aspect_den / 2) / aspect_den), height * times,
                           area_w, area_h);
    }
    if ((u64)area_w * tall > (u64)area_h * wide) /* bars at the sides */
        return centred((unsigned)((area_h * wide + tall / 2) / tall), area_h, area_w, area_h);
    return centred(area_w, (unsigned)((area_w * tall + wide / 2) / wide), area_w, area_h);
}
