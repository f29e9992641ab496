#include "core.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct core *open_core; /* for the callbacks, which have no context */

/* ---- what a core asks of us ---- */

static void log_line(enum retro_log_level level, const char *format, ...)
{
    va_list args;

    (void)level;
    va_start(args, format);
    vsnprintf(open_core->log, sizeof open_core->log, format, args);
    va_end(args);
}

static bool get_variable(struct retro_variable *v)
{
    size_t len = strlen(v->key);

    v->value = NULL;
    for (unsigned i = 0; i < open_core->option_count; i++)
        if (!strncmp(open_core->option[i], v->key, len) && open_core->option[i][len] == '=')
            v->value = open_core->option[i] + len + 1;
    return v->value != NULL;
}

/* A core may forget its own list when the call returns. */
static void keep_maps(const struct retro_memory_map *m)
{
    open_core->map_count = m->num_descriptors < CORE_MAPS ? m->num_descriptors : CORE_MAPS;
    memcpy(open_core->maps, m->descriptors, open_core->map_count * sizeof *m->descriptors);
}

static bool environment(unsigned cmd, void *data)
{
    struct core *c = open_core;

    switch (cmd) {
    case RETRO_ENVIRONMENT_SET_PIXEL_FORMAT:
        c->format = *(const enum retro_pixel_format *)data;
        return true;
    case RETRO_ENVIRONMENT_GET_SYSTEM_DIRECTORY:
    case RETRO_ENVIRONMENT_GET_SAVE_DIRECTORY: *(const char **)data = "."; return true;
    case RETRO_ENVIRONMENT_GET_LOG_INTERFACE:
        ((struct retro_log_callback *)data)->log = log_line;
        return true;
    case RETRO_ENVIRONMENT_GET_CORE_OPTIONS_VERSION: *(unsigned *)data = 2; return true;
    case RETRO_ENVIRONMENT_SET_CORE_OPTIONS_V2:
        c->options = ((const struct retro_core_options_v2 *)data)->definitions;
        return true;
    case RETRO_ENVIRONMENT_GET_VARIABLE: return get_variable(data);
    case RETRO_ENVIRONMENT_GET_VARIABLE_UPDATE:
        *(bool *)data = c->options_changed;
        c->options_changed = false;
        return true;
    case RETRO_ENVIRONMENT_SET_GEOMETRY:
        c->geometry = *(const struct retro_game_geometry *)data;
        return true;
    case RETRO_ENVIRONMENT_SHUTDOWN: c->ended = true; return true;
    case RETRO_ENVIRONMENT_SET_INPUT_DESCRIPTORS: c->inputs = data; return true;
    case RETRO_ENVIRONMENT_SET_CONTROLLER_INFO: c->controllers = data; return true;
    case RETRO_ENVIRONMENT_SET_MEMORY_MAPS: keep_maps(data); return true;
    case RETRO_ENVIRONMENT_GET_INPUT_BITMASKS: return true;
    default: return false;
    }
}

static void video(const void *data, unsigned width, unsigned height, size_t pitch)
{
    struct core *c = open_core;

    c->pictures++;
    if (!data) /* the same as before */
        return;
    c->picture = data;
    c->width = width;
    c->height = height;
    c->pitch = pitch;
}

static size_t sound(const int16_t *frames, size_t count)
{
    struct core *c = open_core;

    for (size_t i = 0; c->digest && i < count; i++) {
        uint16_t left = (uint16_t)frames[2 * i];

        SHA1Update(c->digest, (const uint8_t[]) { (uint8_t)left, (uint8_t)(left >> 8) }, 2);
    }
    c->samples += count;
    return count;
}

static void sound_one(int16_t left, int16_t right)
{
    sound((const int16_t[]) { left, right }, 1);
}

static void poll_input(void) {}

static int16_t input(unsigned port, unsigned device, unsigned index, unsigned id)
{
    (void)index;
    if (port >= CORE_PADS || device != RETRO_DEVICE_JOYPAD)
        return 0;
    if (id == RETRO_DEVICE_ID_JOYPAD_MASK)
        return (int16_t)open_core->pad[port];
    return open_core->pad[port] >> id & 1;
}

/* ---- opening ---- */

static bool find_functions(struct core *c)
{
    const struct {
        const char *name;
        void *to;
    } wanted[] = {
#define FUNCTION(name) { #name, &c->name }
        FUNCTION(retro_set_environment),
        FUNCTION(retro_set_video_refresh),
        FUNCTION(retro_set_audio_sample),
        FUNCTION(retro_set_audio_sample_batch),
        FUNCTION(retro_set_input_poll),
        FUNCTION(retro_set_input_state),
        FUNCTION(retro_init),
        FUNCTION(retro_deinit),
        FUNCTION(retro_api_version),
        FUNCTION(retro_get_system_info),
        FUNCTION(retro_get_system_av_info),
        FUNCTION(retro_set_controller_port_device),
        FUNCTION(retro_reset),
        FUNCTION(retro_run),
        FUNCTION(retro_serialize_size),
        FUNCTION(retro_load_game),
        FUNCTION(retro_unload_game),
        FUNCTION(retro_get_region),
        FUNCTION(retro_get_memory_data),
        FUNCTION(retro_get_memory_size),
#undef FUNCTION
    };

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *f = dlsym(c->handle, wanted[i].name);

        if (!f) {
            fprintf(stderr, "no %s in the core\n", wanted[i].name);
            return false;
        }
        memcpy(wanted[i].to, &f, sizeof f);
    }
    return true;
}

bool core_open(struct core *c, const char *path)
{
    open_core = c;
    c->format = RETRO_PIXEL_FORMAT_0RGB1555;
    c->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!c->handle) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    if (!find_functions(c)) {
        dlclose(c->handle);
        c->handle = NULL;
        return false;
    }
    c->retro_set_environment(environment);
    c->retro_init(); /* some cores want it before the other callbacks */
    c->retro_set_video_refresh(video);
    c->retro_set_audio_sample(sound_one);
    c->retro_set_audio_sample_batch(sound);
    c->retro_set_input_poll(poll_input);
    c->retro_set_input_state(input);
    return true;
}

static void *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    long bytes = -1;
    void *p = NULL;

    if (f && !fseek(f, 0, SEEK_END) && (bytes = ftell(f)) >= 0)
        p = malloc((size_t)bytes + 1);
    if (p) {
        rewind(f);
        *len = fread(p, 1, (size_t)bytes, f);
    } else {
        perror(path);
    }
    if (f)
        fclose(f);
    return p;
}

bool core_load(struct core *c, const char *path)
{
    struct retro_game_info game = { .path = path };
    struct retro_system_info info = { 0 };
    void *bytes = NULL;
    bool ok;

    c->retro_get_system_info(&info);
    if (!info.need_fullpath) {
        bytes = read_file(path, &game.size);
        game.data = bytes;
        if (!bytes)
            return false;
    }
    ok = c->retro_load_game(&game);
    free(bytes);
    if (!ok)
        fprintf(stderr, "%s: the core refused it: %s\n", path, c->log);
    for (unsigned port = 0; ok && port < CORE_PADS; port++) /* as every front-end does */
        c->retro_set_controller_port_device(port, RETRO_DEVICE_JOYPAD);
    return ok;
}

void core_close(struct core *c)
{
    if (!c->handle)
        return;
    c->retro_deinit();
    dlclose(c->handle);
    c->handle = NULL;
    open_core = NULL;
}
