/* Sound as a WAV file: 16-bit mono at AUDIO_HZ. It is written as it comes; the header gets its
 * lengths at the close. Stops taking samples before the format's 4 GiB are full. */
#ifndef HOST_AV_WAV_H
#define HOST_AV_WAV_H

#include "base/err.h"
#include "base/types.h"

struct wav;

int wav_create(const char *path, struct wav **out, struct err *e);
/* A failure is kept for wav_close to tell. */
void wav_write(struct wav *w, const s16 *samples, size_t count);
/* Frees it in every case; accepts NULL. */
int wav_close(struct wav *w, struct err *e);

#endif
