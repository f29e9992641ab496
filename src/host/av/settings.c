#include "host/av/settings.h"

#include "base/file.h"
#include "base/own.h"
#include "host/av/keys.h"
#include "host/av/press.h"
#include "host/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The defaults, in the words of the file itself. Controllers have the NES's A right of its B, so
 * A is the right one of a modern controller's lower two. */
static const char defaults[] = "[video]\n"
                               "scale = 3\n"
                               "fit = aspect\n"
                               "crop = 8 8 0 0\n"
                               "vsync = yes\n"
                               "[audio]\n"
                               "volume = 100\n"
                               "latency = 60\n"
                               "[player 1]\n"
                               "A = X, pad:b\n"
                               "B = Z, pad:a, pad:x\n"
                               "Select = RightShift, Backspace, pad:back\n"
                               "Start = Return, pad:start\n"
                               "Up = Up, pad:up, pad:lefty-\n"
                               "Down = Down, pad:down, pad:lefty+\n"
                               "Left = Left, pad:left, pad:leftx-\n"
                               "Right = Right, pad:right, pad:leftx+\n"
                               "[player 2]\n"
                               "A = pad:b\n"
                               "B = pad:a, pad:x\n"
                               "Select = pad:back\n"
                               "Start = pad:start\n"
                               "Up = pad:up, pad:lefty-\n"
                               "Down = pad:down, pad:lefty+\n"
                               "Left = pad:left, pad:leftx-\n"
                               "Right = pad:right, pad:leftx+\n"
                               "[hotkeys]\n"
                               "quit = Escape\n"
                               "pause = P, Pause\n"
                               "step = Period\n"
                               "fast = Tab, pad:r2\n"
                               "fast-lock = Grave\n"
                               "rewind = R, pad:l2\n"
                               "reset = F2\n"
                               "save-state = F5\n"
                               "next-slot = F6\n"
                               "load-state = F7, F8\n"
                               "fit = F10\n"
                               "fullscreen = F11\n"
                               "screenshot = F12, PrintScreen\n"
                               "louder = Equals, KeypadPlus\n"
                               "softer = Minus, KeypadMinus\n"
                               "mute = M\n";

static const char *const fit_names[] = {
    [FIT_ASPECT] = "aspect",
    [FIT_INTEGER] = "integer",
    [FIT_PIXEL] = "pixel",
    [FIT_STRETCH] = "stretch",
};

static const char *const hotkeys[] = {
#define X(id, name, doc) name,
    ACTION_LIST(X)
#undef X
};

const char *action_name(enum av_action a)
{
    assert(a >= ACT_HOTKEYS && a < ACT_COUNT);
    return hotkeys[a - ACT_HOTKEYS];
}

/* What is being read, and from where. */
struct reading {
    struct av_settings *s;
    const char *name; /* of the file; NULL: the defaults */
};

/* ---- values ---- */

static int take_bool(const struct config_line *l, bool *out, struct err *e)
{
    bool yes = !strcasecmp(l->value, "yes"), no = !strcasecmp(l->value, "no");

    if (!yes && !no)
        return err_set(e, ERR_FORMAT, "%s is yes or no, not '%.60s'", l->key, l->value);
    *out = yes;
    return 0;
}

/* `count` numbers from min to max with blanks between them. */
static int take_numbers(const struct config_line *l, unsigned min, unsigned max, unsigned *out,
                        unsigned count, struct err *e)
{
    const char *s = l->value;
    unsigned got[4];

    assert(count <= ARRAY_SIZE(got));
    for (unsigned i = 0; i < count; i++) {
        char *end;
        unsigned long v = strtoul(s, &end, 10);

        if (*s < '0' || *s > '9' || v < min || v > max || (i + 1 < count ? *end != ' ' : *end))
            return err_set(e, ERR_FORMAT, "%s is %u number%s from %u to %u, not '%.60s'", l->key,
                           count, count > 1 ? "s" : "", min, max, l->value);
        got[i] = (unsigned)v;
        s = end + strspn(end, " ");
    }
    memcpy(out, got, count * sizeof *out);
    return 0;
}

/* A path: absolute, below ~, or beside the configuration file. */
static int take_path(const struct reading *r, const struct config_line *l,
                     char path[static PATH_MAX], struct err *e)
{
    const char *slash = r->name ? strrchr(r->name, '/') : NULL, *home = getenv("HOME");
    int n;

    if (l->value[0] == '~' && l->value[1] == '/' && home)
        n = snprintf(path, PATH_MAX, "%s%s", home, l->value + 1);
    else if (l->value[0] == '/' || !slash)
        n = snprintf(path, PATH_MAX, "%s", l->value);
    else
        n = snprintf(path, PATH_MAX, "%.*s%s", (int)(slash + 1 - r->name), r->name, l->value);
    if (n >= PATH_MAX || !l->value[0])
        return err_set(e, ERR_FORMAT, "%s: not a path", l->key);
    return 0;
}

/* ---- bindings ---- */

/* Whose controller a binding of an action listens to. */
static unsigned pad_of(unsigned action)
{
    return action >= PAD_BUTTONS && action < ACT_HOTKEYS;
}

static void unbind_action(struct av_settings *s, unsigned action)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < s->binding_count; i++)
        if (s->bindings[i].action != action)
            s->bindings[kept++] = s->bindings[i];
    s->binding_count = kept;
}

/* A key that the file gives a new meaning loses what the defaults had it do. */
static void unbind_inbuilt(struct av_settings *s, const struct binding *b)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < s->binding_count; i++) {
        const struct binding *old = &s->bindings[i];

        if (!old->inbuilt || old->pad != b->pad || old->code != b->code ||
            (b->pad && pad_of(old->action) != pad_of(b->action)))
            s->bindings[kept++] = *old;
    }
    s->binding_count = kept;
}

/* One name of a list: a key, or pad: and a controller's part. */
static int bind_one(const struct reading *r, const struct config_line *l, unsigned action,
                    const char *name, struct err *e)
{
    struct binding b = { .action = (u8)action, .inbuilt = !r->name };

    if (!strncasecmp(name, "pad:", 4)) {
        int part = pad_part_find(name + 4);

        if (part < 0)
            return err_set(e, ERR_FORMAT, "%s: a controller has no '%.40s'", l->key, name + 4);
        b.pad = true;
        b.code = (u16)part;
    } else {
        b.code = (u16)key_find(name);
        if (b.code == KEY_NONE)
            return err_set(e, ERR_FORMAT, "%s: there is no key '%.40s'", l->key, name);
    }
    if (!b.inbuilt)
        unbind_inbuilt(r->s, &b);
    if (r->s->binding_count == BINDINGS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d keys are bound", BINDINGS_MAX);
    r->s->bindings[r->s->binding_count++] = b;
    return 0;
}

/* Names with commas between them; "none" for no key at all. */
static int bind(const struct reading *r, const struct config_line *l, unsigned action,
                struct err *e)
{
    OWN(buf) char *copy = strdup(l->value);
    char *name, *rest = copy;

    if (!copy)
        return err_set(e, ERR_NOMEM, "%s", l->key);
    unbind_action(r->s, action);
    if (!strcasecmp(copy, "none"))
        return 0;
    while ((name = strsep(&rest, ","))) {
        size_t len;
        int got;

        name += strspn(name, " \t");
        len = strlen(name);
        while (len && (name[len - 1] == ' ' || name[len - 1] == '\t'))
            name[--len] = 0;
        got = bind_one(r, l, action, name, e);
        if (got)
            return got;
    }
    return 0;
}

/* ---- sections ---- */

static int video_line(const struct reading *r, const struct config_line *l, struct err *e)
{
    struct av_settings *s = r->s;
    char path[PATH_MAX];
    unsigned crop[4];
    int got;

    if (!strcmp(l->key, "scale"))
        return take_numbers(l, 1, 16, &s->scale, 1, e);
    if (!strcmp(l->key, "fullscreen"))
        return take_bool(l, &s->fullscreen, e);
    if (!strcmp(l->key, "vsync"))
        return take_bool(l, &s->vsync, e);
    if (!strcmp(l->key, "crop")) {
        got = take_numbers(l, 0, 64, crop, 4, e);
        if (!got)
            s->crop = (struct crop) {
                .top = crop[0], .bottom = crop[1], .left = crop[2], .right = crop[3]
            };
        return got;
    }
    if (!strcmp(l->key, "palette")) {
        got = take_path(r, l, path, e);
        if (!got)
            got = palette_load(&s->palette, path, e);
        s->have_palette |= !got;
        return got;
    }
    if (!strcmp(l->key, "screenshots"))
        return take_path(r, l, s->screenshots, e);
    if (strcmp(l->key, "fit") != 0)
        return err_set(e, ERR_FORMAT, "[video] has no '%.60s'", l->key);
    for (unsigned i = 0; i < ARRAY_SIZE(fit_names); i++)
        if (!strcasecmp(l->value, fit_names[i])) {
            s->fit = (enum fit)i;
            return 0;
        }
    return err_set(e, ERR_FORMAT, "fit is aspect, integer, pixel or stretch, not '%.60s'",
                   l->value);
}

static int audio_line(const struct reading *r, const struct config_line *l, struct err *e)
{
    if (!strcmp(l->key, "volume"))
        return take_numbers(l, 0, 100, &r->s->volume, 1, e);
    if (!strcmp(l->key, "latency"))
        return take_numbers(l, 20, 500, &r->s->latency_ms, 1, e);
    if (!strcmp(l->key, "mute"))
        return take_bool(l, &r->s->mute, e);
    return err_set(e, ERR_FORMAT, "[audio] has no '%.60s'", l->key);
}

static int player_line(const struct reading *r, const struct config_line *l, struct err *e)
{
    unsigned player = (unsigned)(l->section[7] - '1');
    int bit = pad_button_find(l->key, strlen(l->key));

    if (bit < 0)
        return err_set(e, ERR_FORMAT, "a controller has no button '%.60s'", l->key);
    return bind(r, l, ACT_PAD + player * PAD_BUTTONS + (unsigned)bit, e);
}

static int hotkey_line(const struct reading *r, const struct config_line *l, struct err *e)
{
    for (unsigned i = 0; i < ARRAY_SIZE(hotkeys); i++)
        if (!strcasecmp(hotkeys[i], l->key))
            return bind(r, l, ACT_HOTKEYS + i, e);
    return err_set(e, ERR_FORMAT, "[hotkeys] has no '%.60s'", l->key);
}

static int settings_line(void *context, const struct config_line *l, struct err *e)
{
    static const struct {
        const char *name;
        int (*take)(const struct reading *r, const struct config_line *l, struct err *e);
    } sections[] = {
        { "video", video_line },     { "audio", audio_line },    { "player 1", player_line },
        { "player 2", player_line }, { "hotkeys", hotkey_line },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
        if (!strcmp(sections[i].name, l->section))
            return sections[i].take(context, l, e);
    if (!*l->section)
        return err_set(e, ERR_FORMAT, "'%.60s' stands before the first [section]", l->key);
    return err_set(e, ERR_FORMAT, "there is no section [%.60s]", l->section);
}

void av_settings_init(struct av_settings *s)
{
    struct reading r = { s, NULL };
    struct err e;
    int failed;

    memset(s, 0, sizeof *s);
    palette_init(&s->palette);
    failed = config_parse(defaults, sizeof defaults - 1, "defaults", settings_line, &r, &e);
    assert(!failed);
    (void)failed;
}

int av_settings_parse(struct av_settings *s, const char *text, size_t len, const char *name,
                      struct err *e)
{
    struct reading r = { s, name };

    return config_parse(text, len, name, settings_line, &r, e);
}

int av_settings_load(struct av_settings *s, const char *path, struct err *e)
{
    OWN(buf) u8 *text = NULL;
    char usual[PATH_MAX];
    size_t len;
    int r;

    av_settings_init(s);
    if (!path && config_path(usual, e))
        return 0; /* no home, no file */
    r = file_read(path ? path : usual, 1 << 20, &text, &len, e);
    if (r && !path && e->code == ERR_SYS && e->sys == ENOENT)
        return 0;
    if (r)
        return r;
    return av_settings_parse(s, (char *)text, len, path ? path : usual, e);
}
