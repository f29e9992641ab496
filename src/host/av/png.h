/* Pictures as PNG files, by the module mews_png.so: only a machine that takes screenshots needs
 * libpng. */
#ifndef HOST_AV_PNG_H
#define HOST_AV_PNG_H

#include "base/err.h"
#include "base/types.h"

/* width * height colours 0x00RRGGBB; the file is there whole or not at all. With scale > 1, every
 * pixel becomes a square of scale x scale. */
int png_write(const char *path, const u32 *rgb, unsigned width, unsigned height, unsigned scale,
              struct err *e);

/* What the module exports: the bytes of such a file. *out is the caller's. */
#define PNG_ENCODE "mews_png_encode"
typedef int png_encode_fn(const u32 *rgb, unsigned width, unsigned height, unsigned scale, u8 **out,
                          size_t *len, struct err *e);
/* Loads it; it stays. */
int png_encoder(png_encode_fn **out, struct err *e);

#endif
