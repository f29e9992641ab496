/* Images: disks with a system on them that a machine boots, and what it boots them with. Each is a
 * directory of the data directory's images/:
 *
 *     NAME/disk.img      ext4, without partitions
 *          vmlinuz       the kernel as the distribution has it
 *          vmlinux       the same unpacked, when it can be entered so (PVH)
 *          initrd.img    the distribution's own
 *          image.json    what it was made from, and its command line
 *
 * It appears whole, by a rename, and disappears so. Names that begin with a point are of images
 * that come or go. */
#ifndef APP_IMAGE_H
#define APP_IMAGE_H

#include "app/app.h"

#include "base/err.h"

#include <limits.h>

enum { IMAGE_FORMAT = 1 };
#define IMAGE_RECIPE "debian-amd64" /* what can be made */

struct image {
    char name[65];
    char kernel[PATH_MAX]; /* vmlinux, else vmlinuz */
    char initrd[PATH_MAX];
    char disk[PATH_MAX];
    char command_line[1024];
};

/* A letter or digit, then 63 of these and of "_.-" at most: what can be an image's name. */
bool image_name(const char *text);
/* NAME/FILE among the images; NAME NULL: the directory of all. */
int image_path(const char *name, const char *file, char out[static PATH_MAX], struct err *e);
/* Whether there is an image of this name, sound or not. */
bool image_is(const char *name);
/* What a machine needs of it. ERR_USAGE: there is none; ERR_FORMAT: something of it is missing. */
int image_find(const char *name, struct image *out, struct err *e);
/* image.json, with the sizes of what is there; the caller frees it. */
int image_about(const char *name, json_t **out, struct err *e);
/* Calls f for each, by name. */
int image_each(void (*f)(void *ctx, const char *name), void *ctx, struct err *e);
/* It is gone for all others at once, then its bytes are. */
int image_remove(const char *name, struct err *e);
/* What image_about() has told, for a person. */
void image_print(const json_t *about);

/* ---- image_create.c ---- */
struct image_plan {
    const char *name, *suite;
    const char *const *packages, *const
                                     *mirrors; /* NULL-ended; no mirror: the distribution's own */
    /* What may log in as root by SSH, as a file authorized_keys has it; NULL: nobody. */
    const char *keys;
    size_t bytes; /* of the disk */
    bool replace; /* an image of that name */
    bool verbose; /* what the tools say goes to standard error */
};
/* Makes it; returns the exit status, after a message. Interrupted, or failing, it leaves nothing.
 */
int image_create(const struct image_plan *p);

#endif
