/* Pictures as PNG files. */
#ifndef HOST_AV_PNG_H
#define HOST_AV_PNG_H

#include "base/err.h"
#include "base/types.h"

/* width * height colours 0x00RRGGBB; the file is there whole or not at all. With scale > 1, every
 * pixel becomes a square of scale x scale. */
int png_write(const char *path, const u32 *rgb, unsigned width, unsigned height, unsigned scale,
              struct err *e);

#endif
