/* The module mews_png.so: pictures become PNG files with libpng. */
#include "host/av/png.h"

#include "base/own.h"
#include "host/module.h"

#include <png.h>
#include <string.h>

MODULE_EXPORT png_encode_fn mews_png_encode;

/* What libpng takes: three bytes a pixel, and the squares of `scale`. */
static u8 *spread(const u32 *rgb, unsigned width, unsigned height, unsigned scale)
{
    size_t stride = (size_t)width * scale * 3;
    u8 *bytes = malloc(stride * height * scale), *out = bytes;

    for (unsigned y = 0; bytes && y < height; y++, rgb += width) {
        for (unsigned x = 0; x < width * scale; x++) {
            u32 c = rgb[x / scale];

            *out++ = (u8)(c >> 16);
            *out++ = (u8)(c >> 8);
            *out++ = (u8)c;
        }
        for (unsigned k = 1; k < scale; k++, out += stride)
            memcpy(out, out - stride, stride);
    }
    return bytes;
}

int mews_png_encode(const u32 *rgb, unsigned width, unsigned height, unsigned scale, u8 **out,
                    size_t *len, struct err *e)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = width * scale,
        .height = height * scale,
        .format = PNG_FORMAT_RGB,
    };
    OWN(buf) u8 *pixels = spread(rgb, width, height, scale), *file = NULL;
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image);

    file = malloc(room);
    if (!pixels || !file)
        return err_set(e, ERR_NOMEM, "a picture of %ux%u", image.width, image.height);
    if (!png_image_write_to_memory(&image, file, &room, 0, pixels, 0, NULL))
        return err_set(e, ERR_FORMAT, "%s", image.message);
    *len = room;
    *out = TAKE(file);
    return 0;
}
