/* A THING that is an image's name: what the image says, as if its options had been given. */
#include "app/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "PATH,overlay=FILE", where a comma of a path is two. */
static int disk_word(const char *path, const char *overlay, char *out, size_t room)
{
    const char *const parts[] = { path, overlay };
    size_t len = 0;

    for (unsigned i = 0; i < 2 && parts[i]; i++) {
        len += (size_t)snprintf(out + len, len < room ? room - len : 0, "%s", i ? ",overlay=" : "");
        for (const char *p = parts[i]; *p; p++)
            for (int k = *p == ',' ? 2 : 1; k; k--, len++)
                if (len < room)
                    out[len] = *p;
    }
    if (len >= room)
        return -1;
    out[len] = 0;
    return 0;
}

int run_image(struct run *r, const char **thing)
{
    const char *overlay = r->overlay ? r->overlay : "tmp";
    struct err e;

    if (!access(*thing, F_OK) || !image_is(*thing))
        return r->overlay ? usage(r->command, "--overlay is for an image (mews image ls)") : 0;
    if (image_find(*thing, &r->image, &e))
        return fail(e.text);
    if (disk_word(r->image.disk, strcmp(overlay, "none") != 0 ? overlay : NULL, r->image_disk,
                  sizeof r->image_disk))
        return fail("the path of the image, or of its overlay, is too long");
    if (r->disk_count == LIST_MAX)
        return usage(r->command, "more than %d disks", LIST_MAX);
    memmove(r->disks + 1, r->disks, r->disk_count++ * sizeof *r->disks);
    r->disks[0] = r->image_disk; /* /dev/vda */
    if (!r->net_count)
        r->nets[r->net_count++] = "user";
    if (!r->options.initrd)
        r->options.initrd = r->image.initrd;
    if (!r->options.command_line)
        r->options.command_line = r->image.command_line;
    r->options.called = r->image.name;
    *thing = r->image.kernel;
    return 0;
}
