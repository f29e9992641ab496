/* mews_libretro.so: a NES for every front-end that speaks libretro, over mews.h alone.
 *
 * libretro's functions carry no handle and a core's callbacks are set once per process, so this
 * file, and no other, keeps a static: the one machine that a front-end may open. States are not
 * saved yet: retro_serialize_size() says 0, and front-ends leave rewind, run-ahead and netplay out.
 *
 * The front-end keeps battery RAM: it fills what retro_get_memory_data() names after a game is
 * loaded and before the first retro_run(), and stores it when it likes. */
#include "mews/mews.h"

#include <libretro.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PADS = 2, BUTTONS = 8, SOUND_ROOM = 2048, MAPS = 4 };

static struct {
    retro_environment_t environment;
    retro_video_refresh_t video;
    retro_audio_sample_batch_t sound;
    retro_input_poll_t poll;
    retro_input_state_t input;
    retro_log_printf_t log; /* may be NULL */
    bool bitmasks;          /* the front-end gives all buttons at once */
    bool unplugged[PADS];

    struct mews *machine; /* NULL: no game */
    struct mews_display_info display;
    unsigned crop_x, crop_y; /* columns and rows hidden on each side */
    bool ended;              /* the machine stopped for good; said so once */
} core;

__attribute__((format(printf, 2, 3))) static void say(enum retro_log_level level, const char *fmt,
                                                      ...)
{
    char text[300];
    va_list args;

    if (!core.log)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    core.log(level, "[mews] %s\n", text);
}

/* ---- what a person may choose ---- */

static struct retro_core_option_v2_category categories[] = {
    { "console", "Console", "What the machine is; a change counts from the next start." },
    { "picture", "Picture", "What is seen of it." },
    { NULL, NULL, NULL },
};

static struct retro_core_option_v2_definition options[] = {
    { .key = "mews_region",
      .desc = "Region",
      .info = "The console's timing. A cartridge's header says which it wants, if it is right. "
              "Counts from the next start.",
      .category_key = "console",
      .values = { { "auto", "As the cartridge says" },
                  { "ntsc", "NTSC" },
                  { "pal", "PAL" },
                  { "dendy", "Dendy" } },
      .default_value = "auto" },
    { .key = "mews_ram_fill",
      .desc = "RAM at power-on",
      .info = "What memory holds before a game has written to it; some draw chance from it. Counts "
              "from the next start.",
      .category_key = "console",
      .values = { { "zeros", "All zeros" }, { "ones", "All ones" }, { "random", "Mixed" } },
      .default_value = "zeros" },
    { .key = "mews_crop_vertical",
      .desc = "Crop rows",
      .info = "Rows at the top and at the bottom that a television hides.",
      .category_key = "picture",
      .values = { { "0", "None" }, { "8", NULL }, { "16", NULL } },
      .default_value = "8" },
    { .key = "mews_crop_horizontal",
      .desc = "Crop columns",
      .info = "Columns at the left and at the right that a television hides.",
      .category_key = "picture",
      .values = { { "0", "None" }, { "8", NULL }, { "16", NULL } },
      .default_value = "0" },
    { .key = "mews_palette",
      .desc = "Palette",
      .info = "The colours: as an NTSC television makes them, or mews.pal in the system directory "
              "(64 or 512 colours of three bytes).",
      .category_key = "picture",
      .values = { { "default", "Television" }, { "file", "mews.pal" } },
      .default_value = "default" },
    { .key = NULL },
};

static void offer_options(void)
{
    struct retro_core_options_v2 all = { categories, options };
    unsigned version = 0;

    /* A front-end of before 2020 gets the defaults. */
    if (core.environment(RETRO_ENVIRONMENT_GET_CORE_OPTIONS_VERSION, &version) && version >= 2)
        core.environment(RETRO_ENVIRONMENT_SET_CORE_OPTIONS_V2, &all);
}

/* The value chosen, or the default; only values that are offered. */
static const char *chosen(const char *key)
{
    struct retro_variable v = { key, NULL };
    const struct retro_core_option_v2_definition *o = options;

    while (strcmp(o->key, key) != 0)
        o++;
    if (!core.environment(RETRO_ENVIRONMENT_GET_VARIABLE, &v) || !v.value)
        return o->default_value;
    for (unsigned i = 0; o->values[i].value; i++)
        if (!strcmp(v.value, o->values[i].value))
            return o->values[i].value;
    say(RETRO_LOG_WARN, "%s: no value '%s'", key, v.value);
    return o->default_value;
}

static unsigned chosen_number(const char *key)
{
    unsigned n = 0;

    sscanf(chosen(key), "%u", &n);
    return n;
}

static void choose_palette(void)
{
    unsigned char bytes[512 * 3 + 1]; /* one more: too long a file is seen to be that */
    const char *directory = NULL;
    struct mews_error e;
    char path[4096];
    size_t len;
    FILE *f;

    mews_palette(core.machine, NULL, 0, &e);
    if (strcmp(chosen("mews_palette"), "file") != 0)
        return;
    if (!core.environment(RETRO_ENVIRONMENT_GET_SYSTEM_DIRECTORY, &directory) || !directory) {
        say(RETRO_LOG_WARN, "mews.pal: there is no system directory");
        return;
    }
    snprintf(path, sizeof path, "%s/mews.pal", directory);
    f = fopen(path, "rb");
    if (!f) {
        say(RETRO_LOG_WARN, "%s: cannot be opened", path);
        return;
    }
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (mews_palette(core.machine, bytes, len, &e))
        say(RETRO_LOG_WARN, "%s: %s", path, e.text);
}

static void geometry(struct retro_game_geometry *g)
{
    unsigned width = core.display.width - 2 * core.crop_x;
    unsigned height = core.display.height - 2 * core.crop_y;

    *g = (struct retro_game_geometry) {
        .base_width = width,
        .base_height = height,
        .max_width = core.display.width,
        .max_height = core.display.height,
        .aspect_ratio = (float)((double)width * core.display.aspect_num /
                                ((double)height * core.display.aspect_den)),
    };
}

static void choose_picture(void)
{
    core.crop_x = chosen_number("mews_crop_horizontal");
    core.crop_y = chosen_number("mews_crop_vertical");
    choose_palette();
}

/* ---- what the front-end sets ---- */

static const struct {
    unsigned id;
    const char *name;
} buttons[BUTTONS] = { /* in the order of mews_buttons() */
                       { RETRO_DEVICE_ID_JOYPAD_A, "A" },
                       { RETRO_DEVICE_ID_JOYPAD_B, "B" },
                       { RETRO_DEVICE_ID_JOYPAD_SELECT, "Select" },
                       { RETRO_DEVICE_ID_JOYPAD_START, "Start" },
                       { RETRO_DEVICE_ID_JOYPAD_UP, "Up" },
                       { RETRO_DEVICE_ID_JOYPAD_DOWN, "Down" },
                       { RETRO_DEVICE_ID_JOYPAD_LEFT, "Left" },
                       { RETRO_DEVICE_ID_JOYPAD_RIGHT, "Right" }
};

static void describe_input(void)
{
    static const struct retro_controller_description types[] = {
        { "Controller", RETRO_DEVICE_JOYPAD }, { "None", RETRO_DEVICE_NONE }
    };
    static const struct retro_controller_info ports[PADS + 1] = { { types, 2 }, { types, 2 } };
    static struct retro_input_descriptor inputs[PADS * BUTTONS + 1]; /* the last one is empty */

    for (unsigned pad = 0; pad < PADS; pad++)
        for (unsigned i = 0; i < BUTTONS; i++)
            inputs[pad * BUTTONS + i] = (struct retro_input_descriptor) { pad, RETRO_DEVICE_JOYPAD,
                                                                          0, buttons[i].id,
                                                                          buttons[i].name };
    core.environment(RETRO_ENVIRONMENT_SET_INPUT_DESCRIPTORS, inputs);
    core.environment(RETRO_ENVIRONMENT_SET_CONTROLLER_INFO, (void *)ports);
}

void retro_set_environment(retro_environment_t f)
{
    core.environment = f;
    offer_options();
}

void retro_set_video_refresh(retro_video_refresh_t f)
{
    core.video = f;
}

void retro_set_audio_sample(retro_audio_sample_t f)
{
    (void)f; /* batches only */
}

void retro_set_audio_sample_batch(retro_audio_sample_batch_t f)
{
    core.sound = f;
}

void retro_set_input_poll(retro_input_poll_t f)
{
    core.poll = f;
}

void retro_set_input_state(retro_input_state_t f)
{
    core.input = f;
}

void retro_set_controller_port_device(unsigned port, unsigned device)
{
    if (port < PADS)
        core.unplugged[port] = device == RETRO_DEVICE_NONE;
}

/* ---- life ---- */

unsigned retro_api_version(void)
{
    return RETRO_API_VERSION;
}

void retro_init(void)
{
    struct retro_log_callback log;

    if (core.environment(RETRO_ENVIRONMENT_GET_LOG_INTERFACE, &log))
        core.log = log.log;
    core.bitmasks = core.environment(RETRO_ENVIRONMENT_GET_INPUT_BITMASKS, NULL);
}

void retro_deinit(void)
{
    retro_unload_game();
    memset(&core, 0, sizeof core);
}

void retro_get_system_info(struct retro_system_info *info)
{
    *info = (struct retro_system_info) {
        .library_name = "mews",
        .library_version = mews_version(),
        .valid_extensions = "nes",
    };
}

void retro_get_system_av_info(struct retro_system_av_info *info)
{
    *info = (struct retro_system_av_info) {
        .timing = { .fps = core.display.pictures_per_second, .sample_rate = 48000 },
    };
    geometry(&info->geometry);
}

/* Where cheats and achievements find what they look at, by the CPU's addresses. */
static void describe_memory(void)
{
    static const struct {
        const char *name;
        size_t most; /* of its bytes, those which the CPU sees at its base */
        uint64_t flags;
    } shown[] = { { "ram", 0x800, RETRO_MEMDESC_SYSTEM_RAM },
                  { "wram", 0x2000, RETRO_MEMDESC_SAVE_RAM } };
    struct retro_memory_descriptor list[MAPS];
    struct retro_memory_map map = { list, 0 };
    bool yes = true;

    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct mews_memory_info memory;

        if (!mews_memory(core.machine, shown[i].name, &memory))
            continue;
        list[map.num_descriptors++] = (struct retro_memory_descriptor) {
            .flags = shown[i].flags,
            .ptr = memory.bytes,
            .start = memory.base,
            .len = memory.size < shown[i].most ? memory.size : shown[i].most,
        };
    }
    core.environment(RETRO_ENVIRONMENT_SET_MEMORY_MAPS, &map);
    core.environment(RETRO_ENVIRONMENT_SET_SUPPORT_ACHIEVEMENTS, &yes);
}

static bool open_machine(const struct retro_game_info *game)
{
    char region[32], ram_fill[32];
    const char *settings[] = { ram_fill, NULL, NULL };
    struct mews_options o = { .size = sizeof o, .kind = "nes", .settings = settings };
    const char *slash = game->path ? strrchr(game->path, '/') : NULL;
    const char *name = slash ? slash + 1 : game->path ? game->path : "game";
    struct mews_error e;

    snprintf(ram_fill, sizeof ram_fill, "ram_fill=%s", chosen("mews_ram_fill"));
    snprintf(region, sizeof region, "region=%s", chosen("mews_region"));
    if (strcmp(region, "region=auto") != 0)
        settings[1] = region;
    if (game->data ? mews_open_memory(name, game->data, game->size, &o, &core.machine, &e)
                   : mews_open(game->path, &o, &core.machine, &e)) {
        say(RETRO_LOG_ERROR, "%s", e.text);
        return false;
    }
    if (mews_display(core.machine, &core.display))
        return true;
    say(RETRO_LOG_ERROR, "%s: a program without a picture; `mews run` runs it", name);
    return false;
}

bool retro_load_game(const struct retro_game_info *game)
{
    enum retro_pixel_format format = RETRO_PIXEL_FORMAT_XRGB8888;

    retro_unload_game();
    if (!game || (!game->data && !game->path))
        return false;
    if (!core.environment(RETRO_ENVIRONMENT_SET_PIXEL_FORMAT, &format)) {
        say(RETRO_LOG_ERROR, "the front-end cannot show XRGB8888");
        return false;
    }
    if (!open_machine(game)) {
        retro_unload_game();
        return false;
    }
    core.ended = false;
    mews_sound(core.machine, NULL, 0); /* from now on */
    choose_picture();
    describe_input();
    describe_memory();
    return true;
}

bool retro_load_game_special(unsigned type, const struct retro_game_info *game, size_t count)
{
    (void)type, (void)game, (void)count;
    return false;
}

void retro_unload_game(void)
{
    mews_close(core.machine);
    core.machine = NULL;
}

unsigned retro_get_region(void)
{
    return core.display.pictures_per_second < 55 ? RETRO_REGION_PAL : RETRO_REGION_NTSC;
}

void retro_reset(void)
{
    struct mews_error e;

    if (mews_reset(core.machine, &e))
        say(RETRO_LOG_WARN, "%s", e.text);
}

/* ---- a picture's time ---- */

static void take_options(void)
{
    struct retro_game_geometry g;
    bool changed = false;

    if (!core.environment(RETRO_ENVIRONMENT_GET_VARIABLE_UPDATE, &changed) || !changed)
        return;
    choose_picture();
    geometry(&g);
    core.environment(RETRO_ENVIRONMENT_SET_GEOMETRY, &g);
}

static void take_input(void)
{
    core.poll();
    for (unsigned pad = 0; pad < PADS; pad++) {
        unsigned held = 0;
        int16_t all = 0;

        if (core.bitmasks)
            all = core.input(pad, RETRO_DEVICE_JOYPAD, 0, RETRO_DEVICE_ID_JOYPAD_MASK);
        for (unsigned i = 0; i < BUTTONS; i++)
            if (core.bitmasks ? all >> buttons[i].id & 1
                              : core.input(pad, RETRO_DEVICE_JOYPAD, 0, buttons[i].id))
                held |= 1u << i;
        for (unsigned first = 4; first < BUTTONS; first += 2) /* a cross cannot be both ways */
            if ((held >> first & 3) == 3)
                held &= ~(3u << first);
        mews_buttons(core.machine, pad, core.unplugged[pad] ? 0 : held);
    }
}

static void give_sound(void)
{
    int16_t mono[SOUND_ROOM], stereo[2 * SOUND_ROOM];
    size_t count;

    while ((count = mews_sound(core.machine, mono, SOUND_ROOM)) > 0) {
        for (size_t i = 0; i < count; i++)
            stereo[2 * i] = stereo[2 * i + 1] = mono[i];
        for (size_t done = 0, n; done < count; done += n) {
            n = core.sound(stereo + 2 * done, count - done);
            if (!n) /* it takes no more: what is left is lost */
                break;
        }
    }
}

static void give_picture(void)
{
    unsigned width, height;
    const uint32_t *pixels = mews_picture(core.machine, &width, &height);

    if (pixels)
        core.video(pixels + (size_t)core.crop_y * width + core.crop_x, width - 2 * core.crop_x,
                   height - 2 * core.crop_y, width * sizeof *pixels);
}

void retro_run(void)
{
    struct mews_stop_info stop;

    take_options();
    take_input();
    if (mews_run_frames(core.machine, 1, &stop) != MEWS_STOP_FRAME && !core.ended) {
        core.ended = true;
        say(RETRO_LOG_ERROR, "the machine stopped (%s) %s", mews_stop_name(stop.why), stop.text);
        core.environment(RETRO_ENVIRONMENT_SHUTDOWN, NULL);
    }
    give_sound();
    give_picture();
}

/* ---- memory, states, cheats ---- */

static void *memory(unsigned id, size_t *bytes)
{
    struct mews_memory_info info;

    *bytes = 0;
    if (!core.machine)
        return NULL;
    if (id == RETRO_MEMORY_SAVE_RAM)
        return mews_battery(core.machine, bytes);
    if (id != RETRO_MEMORY_SYSTEM_RAM && id != RETRO_MEMORY_VIDEO_RAM)
        return NULL;
    if (!mews_memory(core.machine, id == RETRO_MEMORY_SYSTEM_RAM ? "ram" : "ciram", &info))
        return NULL;
    *bytes = info.size;
    return info.bytes;
}

void *retro_get_memory_data(unsigned id)
{
    size_t bytes;

    return memory(id, &bytes);
}

size_t retro_get_memory_size(unsigned id)
{
    size_t bytes;

    memory(id, &bytes);
    return bytes;
}

size_t retro_serialize_size(void)
{
    return 0;
}

bool retro_serialize(void *data, size_t size)
{
    (void)data, (void)size;
    return false;
}

bool retro_unserialize(const void *data, size_t size)
{
    (void)data, (void)size;
    return false;
}

void retro_cheat_reset(void) {}

void retro_cheat_set(unsigned index, bool enabled, const char *code)
{
    (void)index;
    if (enabled)
        say(RETRO_LOG_WARN, "cheat %s: codes are not decoded here; use those of the front-end",
            code);
}
