/* A libretro core as a program sees it that has no window: opened by path, fed with buttons, its
 * pictures and sound taken.
 *
 * libretro's callbacks carry no context, so one core at a time is open in a process. */
#ifndef BENCH_NES_CORE_H
#define BENCH_NES_CORE_H

#include <libretro.h>
#include <sha1.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CORE_PADS = 2, CORE_OPTIONS = 16, CORE_MAPS = 8 };

struct core {
    void *handle;
    /* What the core exports, under its names. */
    void (*retro_set_environment)(retro_environment_t);
    void (*retro_set_video_refresh)(retro_video_refresh_t);
    void (*retro_set_audio_sample)(retro_audio_sample_t);
    void (*retro_set_audio_sample_batch)(retro_audio_sample_batch_t);
    void (*retro_set_input_poll)(retro_input_poll_t);
    void (*retro_set_input_state)(retro_input_state_t);
    void (*retro_init)(void);
    void (*retro_deinit)(void);
    unsigned (*retro_api_version)(void);
    void (*retro_get_system_info)(struct retro_system_info *);
    void (*retro_get_system_av_info)(struct retro_system_av_info *);
    void (*retro_set_controller_port_device)(unsigned, unsigned);
    void (*retro_reset)(void);
    void (*retro_run)(void);
    size_t (*retro_serialize_size)(void);
    bool (*retro_load_game)(const struct retro_game_info *);
    void (*retro_unload_game)(void);
    unsigned (*retro_get_region)(void);
    void *(*retro_get_memory_data)(unsigned);
    size_t (*retro_get_memory_size)(unsigned);

    uint16_t pad[CORE_PADS];          /* held now: bit RETRO_DEVICE_ID_JOYPAD_... */
    const char *option[CORE_OPTIONS]; /* "KEY=VALUE": what the core is told when it asks */
    unsigned option_count;
    bool options_changed; /* told once, when the core next asks */

    /* What it did. */
    enum retro_pixel_format format;
    const void *picture; /* the last one; valid until the core runs again */
    unsigned width, height;
    size_t pitch;
    uint64_t pictures, samples; /* so far; a sample has two channels */
    SHA1_CTX *digest;           /* borrowed: of the left channel's samples; NULL: nobody asks */
    const struct retro_core_option_v2_definition *options; /* what it offers */
    const struct retro_input_descriptor *inputs;
    struct retro_memory_descriptor maps[CORE_MAPS];
    unsigned map_count;
    struct retro_game_geometry geometry; /* as changed; all 0: never */
    bool ended;                          /* the core asked for the end */
    const struct retro_controller_info *controllers;
    char log[256]; /* its last line */
};

/* Opens the core and initialises it; on failure prints why on standard error and returns false. */
bool core_open(struct core *c, const char *path);
/* Loads a game, by its bytes where the core wants them so. */
bool core_load(struct core *c, const char *path);
void core_close(struct core *c); /* accepts what core_open() left half-built */

#endif
