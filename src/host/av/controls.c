#include "host/av/controls.h"

#include "host/av/keys.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { AXIS_HELD = 16384, AXIS_FREE = 12288, VOLUME_STEP = 10, SLOTS = 10 };

void controls_init(struct controls *c, const struct av_settings *s)
{
    *c = (struct controls) {
        .settings = s,
        .fullscreen = s->fullscreen,
        .mute = s->mute,
        .fit = s->fit,
        .volume = s->volume,
    };
}

static void note(struct controls *c, const char *text)
{
    snprintf(c->note, sizeof c->note, "%s", text);
}

static void change_volume(struct controls *c, int by)
{
    int v = (int)c->volume + by;

    c->volume = v < 0 ? 0 : v > 100 ? 100 : (unsigned)v;
    c->mute = false;
    snprintf(c->note, sizeof c->note, "Volume %u%%", c->volume);
}

static void hotkey(struct controls *c, enum av_action a)
{
    static const char *const fits[] = {
        [FIT_ASPECT] = "Television shape",
        [FIT_INTEGER] = "Whole rows",
        [FIT_PIXEL] = "Square pixels",
        [FIT_STRETCH] = "Stretched",
    };

    switch (a) {
    case ACT_QUIT: c->requests |= AV_QUIT; break;
    case ACT_RESET: c->requests |= AV_RESET; break;
    case ACT_SCREENSHOT: c->requests |= AV_SCREENSHOT; break;
    case ACT_SAVE_STATE: c->requests |= AV_SAVE_STATE; break;
    case ACT_LOAD_STATE: c->requests |= AV_LOAD_STATE; break;
    case ACT_PAUSE:
        c->paused = !c->paused;
        note(c, c->paused ? "Paused" : "Running");
        break;
    case ACT_STEP:
        c->paused = true;
        c->requests |= AV_STEP;
        break;
    case ACT_FAST_LOCK:
        c->fast_lock = !c->fast_lock;
        note(c, c->fast_lock ? "Fast-forward" : "Normal speed");
        break;
    case ACT_FULLSCREEN: c->fullscreen = !c->fullscreen; break;
    case ACT_FIT:
        c->fit = (c->fit + 1) % ARRAY_SIZE(fits);
        note(c, fits[c->fit]);
        break;
    case ACT_LOUDER: change_volume(c, VOLUME_STEP); break;
    case ACT_SOFTER: change_volume(c, -VOLUME_STEP); break;
    case ACT_MUTE:
        c->mute = !c->mute;
        note(c, c->mute ? "Sound off" : "Sound on");
        break;
    case ACT_NEXT_SLOT:
        c->slot = (c->slot + 1) % SLOTS;
        snprintf(c->note, sizeof c->note, "Slot %u", c->slot);
        break;
    default: break; /* ACT_FAST and ACT_REWIND are asked for while they are held */
    }
}

/* A part of whose controller a binding means. */
static unsigned binding_pad(const struct binding *b)
{
    return b->action >= PAD_BUTTONS && b->action < ACT_HOTKEYS;
}

static void change(struct controls *c, bool of_pad, unsigned pad, unsigned code, bool down)
{
    for (unsigned i = 0; i < c->settings->binding_count; i++) {
        const struct binding *b = &c->settings->bindings[i];

        if (b->pad != of_pad || b->code != code || (of_pad && binding_pad(b) != pad))
            continue;
        if (down && !c->held[i] && b->action >= ACT_HOTKEYS)
            hotkey(c, b->action);
        c->held[i] = down;
        c->tapped[i] |= down;
    }
}

void controls_key(struct controls *c, unsigned key, bool down)
{
    change(c, false, 0, key, down);
}

void controls_pad(struct controls *c, unsigned pad, unsigned part, bool down)
{
    assert(pad < CONTROLS_PADS && part < PAD_PART_COUNT);
    change(c, true, pad, part, down);
}

void controls_axis(struct controls *c, unsigned pad, unsigned axis, int value)
{
    int size = value < 0 ? -value : value, was, now;

    assert(pad < CONTROLS_PADS && axis < 6);
    was = c->axis[pad][axis];
    now = value < 0 ? -1 : 1;
    if (size < (now == was ? AXIS_FREE : AXIS_HELD))
        now = 0;
    if (now == was)
        return;
    c->axis[pad][axis] = (s8)now;
    if (was)
        controls_pad(c, pad, PAD_PART_AXES + 2 * axis + (was > 0), false);
    if (now)
        controls_pad(c, pad, PAD_PART_AXES + 2 * axis + (now > 0), true);
}

void controls_release_keys(struct controls *c)
{
    for (unsigned i = 0; i < c->settings->binding_count; i++)
        if (!c->settings->bindings[i].pad)
            c->held[i] = c->tapped[i] = c->shown[i] = false;
}

void controls_release_pad(struct controls *c, unsigned pad)
{
    assert(pad < CONTROLS_PADS);
    for (unsigned i = 0; i < c->settings->binding_count; i++)
        if (c->settings->bindings[i].pad && binding_pad(&c->settings->bindings[i]) == pad)
            c->held[i] = c->tapped[i] = c->shown[i] = false;
    memset(c->axis[pad], 0, sizeof c->axis[pad]);
}

u32 controls_buttons(const struct controls *c, unsigned pad)
{
    u32 held = 0;

    if (pad >= CONTROLS_PADS)
        return 0;
    for (unsigned i = 0; i < c->settings->binding_count; i++) {
        unsigned a = c->settings->bindings[i].action;

        if ((c->held[i] || c->shown[i]) && a < ACT_HOTKEYS && a / PAD_BUTTONS == pad)
            held |= 1U << a % PAD_BUTTONS;
    }
    for (unsigned first = 4; first < PAD_BUTTONS; first += 2) /* Up Down, Left Right */
        if ((held >> first & 3) == 3)
            held &= ~(3U << first);
    return held;
}

static bool is_held(const struct controls *c, enum av_action a)
{
    bool held = false;

    for (unsigned i = 0; i < c->settings->binding_count; i++)
        held |= c->held[i] && c->settings->bindings[i].action == a;
    return held;
}

bool controls_fast(const struct controls *c)
{
    return is_held(c, ACT_FAST) != c->fast_lock; /* held while locked: normal speed */
}

void controls_take(struct controls *c, struct av_events *out)
{
    out->requests = c->requests;
    out->paused = c->paused;
    out->fast = controls_fast(c);
    out->rewind = is_held(c, ACT_REWIND);
    out->slot = c->slot;
    c->requests = 0;
    memcpy(c->shown, c->tapped, sizeof c->shown);
    memset(c->tapped, 0, sizeof c->tapped);
}
