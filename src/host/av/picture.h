/* From a machine's picture to colours, and from a picture's size to a place on a screen. */
#ifndef HOST_AV_PICTURE_H
#define HOST_AV_PICTURE_H

#include "base/err.h"
#include "mach/port.h"

/* The colours of VIDEO_NES: 0x00RRGGBB by emphasis << 6 | colour. */
struct palette {
    u32 rgb[512];
};

/* The default palette: what an NTSC television makes of the 2C02's signal. By integer arithmetic,
 * so that it is the same everywhere. */
void palette_init(struct palette *p);

/* The bytes of a .pal file: 64 or 512 colours of three bytes each. With 64, the other seven
 * emphasis settings are those dimmed as the default palette dims its own. `name` is for the error.
 */
int palette_parse(struct palette *p, const u8 *bytes, size_t len, const char *name, struct err *e);
int palette_load(struct palette *p, const char *path, struct err *e);

/* Columns and rows that a television hides. */
struct crop {
    unsigned left, right, top, bottom;
};

/* Takes so much of the crop that at least one column and row remain. */
struct crop crop_fit(const struct crop *c, unsigned width, unsigned height);

/* 0x00RRGGBB of the whole frame, width * height of them, without gaps. A VIDEO_NES colour above
 * 511 is taken modulo 512. */
void picture_convert(const struct video_frame *f, const struct palette *p, u32 *out);

enum fit {
    FIT_ASPECT,  /* as large as possible with the right shape */
    FIT_INTEGER, /* rows an exact multiple, columns of the right shape */
    FIT_PIXEL,   /* both an exact multiple: square pixels */
    FIT_STRETCH, /* all of it */
};

struct rect {
    int x, y, w, h;
};

/* The place in an area for a picture of width x height pixels, each aspect_num / aspect_den wide.
 * Too small an area for an exact multiple gets FIT_ASPECT. */
struct rect picture_fit(enum fit fit, unsigned width, unsigned height, u32 aspect_num,
                        u32 aspect_den, unsigned area_w, unsigned area_h);

#endif
