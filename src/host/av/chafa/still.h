/* A picture on the terminal, below what is there: what the module mews_av_chafa.so exports for who
 * only wants to show one. */
#ifndef HOST_AV_CHAFA_STILL_H
#define HOST_AV_CHAFA_STILL_H

#include "base/err.h"
#include "mach/port.h"

#include <stdio.h>

#define CHAFA_STILL "mews_chafa_still"
/* width * height colours 0x00RRGGBB. It may fill the terminal's columns, or 80. */
typedef int chafa_still_fn(const struct video_frame *f, const u32 *rgb, FILE *out, struct err *e);

#endif
