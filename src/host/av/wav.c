#include "host/av/wav.h"

#include "base/le.h"
#include "mach/port.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 44 };

/* The lengths in the header are of 32 bits; the longest whole sample that keeps both in range. */
#define DATA_MAX (UINT32_MAX - HEADER - 1)

struct wav {
    FILE *file;
    char *path;
    u32 bytes; /* of samples written */
    int failed;
};

static u8 *put(u8 *p, u32 v, unsigned bytes)
{
    le_put(p, v, bytes);
    return p + bytes;
}

/* RIFF: a chunk "WAVE" with the format (PCM, one channel) and the data. */
static void header_make(u8 h[static HEADER], u32 data)
{
    u8 *p = h;

    memcpy(p, "RIFF", 4);
    p = put(p + 4, HEADER - 8 + data, 4);
    memcpy(p, "WAVEfmt ", 8);
    p = put(p + 8, 16, 4);
    p = put(p, 1, 2);
    p = put(p, 1, 2);
    p = put(p, AUDIO_HZ, 4);
    p = put(p, AUDIO_HZ * 2, 4);
    p = put(p, 2, 2);
    p = put(p, 16, 2);
    memcpy(p, "data", 4);
    p = put(p + 4, data, 4);
    assert(p == h + HEADER);
}

int wav_create(const char *path, struct wav **out, struct err *e)
{
    struct wav *w = calloc(1, sizeof *w);
    u8 h[HEADER];

    if (!w || !(w->path = strdup(path))) {
        free(w);
        return err_set(e, ERR_NOMEM, "%s", path);
    }
    header_make(h, 0);
    w->file = fopen(path, "wbe");
    if (!w->file || fwrite(h, sizeof h, 1, w->file) != 1) {
        err_set(e, ERR_SYS, "%s", path);
        if (w->file)
            fclose(w->file);
        free(w->path);
        free(w);
        return -ERR_SYS;
    }
    *out = w;
    return 0;
}

void wav_write(struct wav *w, const s16 *samples, size_t count)
{
    u8 bytes[1024];

    while (count && !w->failed) {
        size_t n = count < sizeof bytes / 2 ? count : sizeof bytes / 2;

        if (n * 2 > DATA_MAX - w->bytes) {
            w->failed = EFBIG;
            return;
        }
        for (size_t i = 0; i < n; i++)
            put(bytes + 2 * i, (u16)samples[i], 2);
        if (fwrite(bytes, 2, n, w->file) != n)
            w->failed = errno;
        w->bytes += (u32)(2 * n);
        samples += n;
        count -= n;
    }
}

int wav_close(struct wav *w, struct err *e)
{
    u8 h[HEADER];
    int r = 0;

    if (!w)
        return 0;
    header_make(h, w->bytes);
    /* A pipe or device has no way back to the header; what was sent stands. */
    if (!fseek(w->file, 0, SEEK_SET) && fwrite(h, sizeof h, 1, w->file) != 1 && !w->failed)
        w->failed = errno;
    if (fclose(w->file) && !w->failed)
        w->failed = errno;
    if (w->failed) {
        errno = w->failed;
        r = err_set(e, ERR_SYS, "%s", w->path);
    }
    free(w->path);
    free(w);
    return r;
}
