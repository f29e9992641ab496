#include "host/av/png.h"

#include "base/file.h"
#include "base/own.h"

#include <assert.h>
#include <png.h>
#include <string.h>

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

int png_write(const char *path, const u32 *rgb, unsigned width, unsigned height, unsigned scale,
              struct err *e)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = width * scale,
        .height = height * scale,
        .format = PNG_FORMAT_RGB,
    };
    OWN(buf) u8 *pixels = NULL, *file = NULL;
    png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);

    assert(width && height && scale);
    pixels = spread(rgb, width, height, scale);
    file = malloc(len);
    if (!pixels || !file)
        return err_set(e, ERR_NOMEM, "%s", path);
    if (!png_image_write_to_memory(&image, file, &len, 0, pixels, 0, NULL))
        return err_set(e, ERR_FORMAT, "%s: %s", path, image.message);
    return file_write(path, file, len, e);
}
