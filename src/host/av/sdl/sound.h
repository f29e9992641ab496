/* The sound card, by SDL. */
#ifndef HOST_AV_SDL_SOUND_H
#define HOST_AV_SDL_SOUND_H

#include "host/av/clock.h"
#include "host/av/pace.h"

#include "base/err.h"
#include "mach/port.h"

#include <SDL.h>

struct sound {
    struct audio_port port;
    SDL_AudioDeviceID device; /* 0: none; then the clock paces */
    struct pace pace;
    struct frame_clock clock;
    unsigned volume; /* 0..100 */
    bool fast;       /* samples are thrown away */
    bool paused;
    bool playing;  /* the queue was filled once, so the card was started */
    u64 underruns; /* frames that found the queue empty */
};

/* On failure there is no sound, but the rest works. */
int sound_init(struct sound *s, unsigned latency_ms, struct err *e);
void sound_fini(struct sound *s);
void sound_pause(struct sound *s, bool pause);
void sound_drop(struct sound *s); /* what is queued is not played; the card waits for more */
/* Whether the queue is so short that the next picture may come too late to fill it. */
bool sound_short(const struct sound *s);
/* Waits until the queue is down to its proper length; false when the card takes nothing any more,
 * and is given up. */
bool sound_wait(struct sound *s);

#endif
