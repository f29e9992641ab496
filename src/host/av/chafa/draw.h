/* Pictures as what a terminal can show: kitty's graphics, and by chafa
 * sixel graphics or blocks of colour. */
#ifndef HOST_AV_CHAFA_DRAW_H
#define HOST_AV_CHAFA_DRAW_H

#include "host/av/av.h"
#include "host/av/chafa/term.h"

#include <chafa.h>

struct draw {
    ChafaTermInfo *info;
    ChafaCanvas *canvas;
    ChafaPixelMode pixels;
    ChafaCanvasMode colours;
    struct term_size size;  /* for which the canvas was made */
    unsigned width, height; /* pictures for which it was made */
    enum fit fit;
    unsigned column, row, columns, rows; /* its place on the screen, from 0 */
    char **lines;                        /* what each row of blocks shows now; NULL: not known */
    u8 *rgb, *packed;
    size_t rgb_room, packed_room;
};

void draw_init(struct draw *d, const struct term *t);
void draw_fini(struct draw *d);
/* Forgets what is on the screen, after it was cleared. */
void draw_forget(struct draw *d);
/* `rgb` is of the whole frame; the crop is left out. The last line of the screen is left alone. */
void draw_picture(struct draw *d, struct term *t, const struct video_frame *f, const u32 *rgb,
                  const struct crop *crop, enum fit fit);

#endif
