/* What a picture and a sound are, in forty hexadecimal digits: SHA-1s that any other program can
 * compute too. No security hangs on them. */
#ifndef HOST_AV_DIGEST_H
#define HOST_AV_DIGEST_H

#include "host/av/picture.h"

#include <sha1.h>

enum { DIGEST_TEXT = 41 }; /* the digits and a zero */

struct digest {
    SHA1_CTX sha1;
};

void digest_init(struct digest *d);
void digest_bytes(struct digest *d, const void *bytes, size_t len);
/* Every sample as two bytes, little-endian. */
void digest_samples(struct digest *d, const s16 *samples, size_t count);
/* The digest of all so far; more may follow. */
void digest_text(const struct digest *d, char text[static DIGEST_TEXT]);

/* Over the pixels row by row, each little-endian: two bytes of VIDEO_NES, four of XRGB8888. */
void digest_picture(const struct video_frame *f, char text[static DIGEST_TEXT]);

/* The label digest, which is the same under every palette that keeps colours apart: each distinct
 * colour of the converted picture is replaced by the order of its first appearance (left to right,
 * top to bottom, modulo 256), and the digest is over these bytes. */
int digest_labels(const struct video_frame *f, const struct palette *p,
                  char text[static DIGEST_TEXT], struct err *e);

#endif
