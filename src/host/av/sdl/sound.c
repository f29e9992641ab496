#include "host/av/sdl/sound.h"

enum { DEVICE_SAMPLES = 512, QUEUE_MIN = 512, STALL_NS = 500000000 };

static u32 queued(const struct sound *s)
{
    return SDL_GetQueuedAudioSize(s->device) / (u32)sizeof(s16);
}

static void set_playing(struct sound *s, bool playing)
{
    s->playing = playing;
    SDL_PauseAudioDevice(s->device, s->paused || !playing);
}

static void sound_samples(struct audio_port *port, const s16 *samples, size_t count)
{
    struct sound *s = container_of(port, struct sound, port);
    s32 gain = (s32)(s->volume * s->volume); /* of 10000: an ear hears squares as even steps */
    s16 out[1024];

    s->clock.samples += count;
    if (!s->device)
        return;
    if (s->fast) {
        set_playing(s, false);
        return;
    }
    while (count) {
        size_t n = count < ARRAY_SIZE(out) ? count : ARRAY_SIZE(out);

        for (size_t i = 0; i < n; i++)
            out[i] = (s16)(samples[i] * gain / 10000);
        SDL_QueueAudio(s->device, out, (u32)(n * sizeof out[0]));
        samples += n;
        count -= n;
    }
    if (!s->playing && queued(s) >= s->pace.target)
        set_playing(s, true);
}

static u32 sound_pace(struct audio_port *port)
{
    struct sound *s = container_of(port, struct sound, port);
    u32 n;

    if (!s->device || !s->playing)
        return PACE_UNITY;
    n = queued(s);
    s->underruns += n == 0;
    return pace_next(&s->pace, n);
}

static const struct audio_ops sound_ops = { .samples = sound_samples, .pace = sound_pace };

int sound_init(struct sound *s, unsigned latency_ms, struct err *e)
{
    SDL_AudioSpec want = {
        .freq = AUDIO_HZ,
        .format = AUDIO_S16SYS,
        .channels = 1,
        .samples = DEVICE_SAMPLES,
    };
    u32 target = latency_ms * (AUDIO_HZ / 1000);

    *s = (struct sound) { .port = { &sound_ops }, .volume = 100 };
    /* One buffer of the card's is played while the queue is measured. */
    target = target > DEVICE_SAMPLES + QUEUE_MIN ? target - DEVICE_SAMPLES : QUEUE_MIN;
    pace_init(&s->pace, target);
    if (SDL_InitSubSystem(SDL_INIT_AUDIO) ||
        !(s->device = SDL_OpenAudioDevice(NULL, 0, &want, NULL, 0)))
        return err_set(e, ERR_NOTSUP, "no sound: %s", SDL_GetError());
    return 0; /* the card starts when there is enough to play */
}

void sound_fini(struct sound *s)
{
    if (s->device)
        SDL_CloseAudioDevice(s->device);
    s->device = 0;
    SDL_QuitSubSystem(SDL_INIT_AUDIO);
}

void sound_pause(struct sound *s, bool pause)
{
    s->paused = pause;
    if (s->device)
        SDL_PauseAudioDevice(s->device, pause || !s->playing);
}

void sound_drop(struct sound *s)
{
    if (!s->device)
        return;
    set_playing(s, false);
    SDL_ClearQueuedAudio(s->device);
}

bool sound_short(const struct sound *s)
{
    return s->device && queued(s) < s->pace.target / 2;
}

bool sound_wait(struct sound *s)
{
    u64 start;
    u32 n, before;

    if (!s->device) {
        frame_clock_wait(&s->clock);
        return true;
    }
    start = clock_now_ns();
    before = n = queued(s);
    while (n > s->pace.target) {
        u32 ms = (n - s->pace.target) * 1000 / AUDIO_HZ;

        SDL_Delay(ms < 1 ? 1 : ms > 20 ? 20 : ms);
        n = queued(s);
        if (n >= before && clock_now_ns() - start > STALL_NS) {
            SDL_CloseAudioDevice(s->device);
            s->device = 0;
            return false;
        }
    }
    return true;
}
