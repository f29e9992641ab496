#include "host/av/png.h"

#include "base/file.h"
#include "base/own.h"
#include "host/module.h"

#include <assert.h>
#include <string.h>

int png_encoder(png_encode_fn **out, struct err *e)
{
    void *entry;

    if (module_open("png", PNG_ENCODE, &entry, e))
        return -(int)e->code;
    memcpy(out, &entry, sizeof *out); /* what dlsym() gives is no function for ISO C */
    return 0;
}

int png_write(const char *path, const u32 *rgb, unsigned width, unsigned height, unsigned scale,
              struct err *e)
{
    OWN(buf) u8 *file = NULL;
    png_encode_fn *encode = NULL;
    size_t len;
    int r = png_encoder(&encode, e);

    assert(width && height && scale);
    if (r)
        return err_wrap(e, "%s", path);
    r = encode(rgb, width, height, scale, &file, &len, e);
    return r ? err_wrap(e, "%s", path) : file_write(path, file, len, e);
}
