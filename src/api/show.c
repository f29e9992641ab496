/* mews_show(): a machine in front of a person, until they leave.
 *
 *   running --pause key--> paused --pause key--> running      (front-end; poll() tells)
 *   paused --step key--> one picture, paused
 *   either --a file is dropped--> replace(): the same with another machine; or as it was, and the
 *                                 reason on the screen
 *   either --the rewind key goes down--> rewinding: pictures of the past --it goes up--> as before,
 *                                 from the moment that is shown
 *   any --quit, kick, the machine's end, the end that mews_show_as() set--> left */
#include "api/control.h"
#include "api/mews.h"
#include "api/rewind.h"
#include "base/file.h"
#include "host/av/av.h"
#include "host/av/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show {
    struct mews *m;
    struct av_frontend *fe;
    struct av_settings settings;
    struct rewind *rewind;    /* NULL: not rewinding */
    double speed;             /* which the sound is set for */
    bool left;                /* the person has left while a debugger had the machine */
    bool refused;             /* the rewind key is held in vain */
    struct frame_clock clock; /* when the front-end does not keep time */
    u64 shown_ns;
};

enum { SHOW_NS = 16000000, SKIPS_MAX = 4 };

static void say(struct show *s, const char *text)
{
    s->fe->ops->message(s->fe, text);
}

/* Another thing in the same window. The new machine is made while the old one is still there, so
 * that a file which is none does no harm; then the old one's battery RAM is stored. */
static void replace(struct show *s, const char *path)
{
    struct mews_options o = { .size = sizeof o };
    struct machine_parts parts;
    const char *why;
    struct err e;

    if (api_recording(s->m) || s->m->replay) {
        say(s, "Not while a recording is made or played");
        return;
    }
    if (api_make(s->m, path, &o, &parts, &e)) {
        say(s, e.text);
        return;
    }
    if (!machine_can(parts.machine->kind, parts.machine, VERB_PICTURE, &why)) {
        say(s, why);
        api_unmake(&parts);
        return;
    }
    if (api_store(s->m->machine, s->m->store, &e)) { /* nothing is lost yet */
        say(s, e.text);
        api_unmake(&parts);
        return;
    }
    api_exchange(s->m, &parts);
    api_unmake(&parts);
    press_fini(&s->m->press); /* what was written down was for the other one */
    s->fe->ops->title(s->fe, s->m->name);
    say(s, s->m->name);
}

static void screenshot(struct show *s)
{
    char path[PATH_MAX];
    struct err e;

    say(s, av_screenshot(&s->m->video, &s->settings, s->m->name, path, &e) ? e.text : path);
}

/* ---- states in slots ---- */

static int slot_path(const struct show *s, unsigned slot, char path[static PATH_MAX], struct err *e)
{
    char name[300];

    snprintf(name, sizeof name, "states/%s.%u.snap", s->m->name, slot);
    return data_path(path, name, e);
}

static void save_slot(struct show *s, unsigned slot)
{
    struct mews_error error;
    char path[PATH_MAX], text[32];
    struct err e;

    snprintf(text, sizeof text, "Slot %u: saved", slot);
    if (slot_path(s, slot, path, &e) || file_make_parents(path, &e))
        say(s, e.text);
    else
        say(s, mews_snapshot(s->m, path, NULL, &error) ? error.text : text);
}

static void load_slot(struct show *s, unsigned slot)
{
    char path[PATH_MAX], text[32];
    struct err e;

    snprintf(text, sizeof text, "Slot %u: loaded", slot);
    if (api_recording(s->m) || s->m->replay)
        say(s, "Not while a recording is made or played");
    else if (slot_path(s, slot, path, &e))
        say(s, e.text);
    else if (access(path, F_OK)) {
        snprintf(text, sizeof text, "Slot %u: empty", slot);
        say(s, text);
    } else
        say(s, api_load_state(s->m, path, &e) ? e.text : text);
}

static void serve(struct show *s, const struct av_events *ev)
{
    struct mews_error error;

    if (ev->requests & AV_RESET)
        say(s, mews_reset(s->m, &error) ? error.text : "Reset");
    if (ev->requests & AV_SCREENSHOT)
        screenshot(s);
    if (ev->requests & AV_SAVE_STATE)
        save_slot(s, ev->slot);
    if (ev->requests & AV_LOAD_STATE)
        load_slot(s, ev->slot);
    if (ev->requests & AV_LOAD_FILE)
        replace(s, ev->file);
}

/* ---- time ---- */

/* As long as a picture is to be seen; nothing when it goes as fast as it can. */
static void wait_picture(struct show *s, double speed)
{
    const struct display *d = &s->m->machine->display;

    if (!(speed > 0))
        return;
    s->clock.samples = (u64)(AUDIO_HZ / mews_hz(s->m) * d->ticks_num / d->ticks_den / speed) + 1;
    frame_clock_wait(&s->clock);
}

static bool own_speed(const struct show *s)
{
    return s->m->show.speed >= 1 && s->m->show.speed <= 1;
}

/* Sound is for the machine's own speed, and forwards. */
static void set_sound(struct show *s)
{
    bool heard = own_speed(s) && !s->rewind;

    s->speed = s->m->show.speed;
    s->m->audio.next = heard ? s->fe->audio : NULL;
    s->fe->ops->mute(s->fe, !heard);
    s->clock = (struct frame_clock) { 0 };
}

static void present(struct show *s)
{
    u64 now = clock_now_ns();

    if (s->speed < s->m->show.speed || s->speed > s->m->show.speed) /* others have changed it */
        set_sound(s);
    if (own_speed(s) || s->rewind || s->m->show.speed < 1 || now - s->shown_ns >= SHOW_NS) {
        s->fe->ops->present(s->fe);
        s->shown_ns = now;
    }
    if (!own_speed(s) || s->rewind)
        wait_picture(s, s->rewind ? 1 : s->m->show.speed);
}

/* ---- backwards ---- */

/* A screen that is too slow loses pictures, not speed. */
static unsigned pictures_due(struct show *s)
{
    const struct display *d = &s->m->machine->display;
    u64 picture_ns = (u64)(1e9 / mews_hz(s->m) * d->ticks_num / d->ticks_den);
    u64 now = clock_now_ns(), due = s->clock.due_ns;
    u64 n = due && now > due ? (now - due) / picture_ns : 0;

    n = n < SKIPS_MAX ? n : SKIPS_MAX;
    s->clock.due_ns += n * picture_ns;
    return 1 + (unsigned)n;
}

static void stop_rewinding(struct show *s)
{
    struct err e;

    if (!s->rewind)
        return;
    if (rewind_end(s->rewind, &e))
        say(s, e.text);
    free(s->rewind);
    s->rewind = NULL;
    set_sound(s);
}

/* Whether a picture of the past was shown, in the place of one to come. */
static bool rewinds(struct show *s, bool held)
{
    struct err e;

    if (!held) {
        stop_rewinding(s);
        s->refused = false;
        return false;
    }
    if (s->refused)
        return false;
    if (!s->rewind) {
        s->rewind = malloc(sizeof *s->rewind);
        if (!s->rewind || rewind_begin(s->rewind, s->m, s->fe->video, &e)) {
            say(s, s->rewind ? e.text : "no memory");
            free(s->rewind);
            s->rewind = NULL;
            s->refused = true;
            return false;
        }
        set_sound(s);
    }
    say(s, rewind_step(s->rewind, pictures_due(s)) ? "Rewind"
                                                   : "Rewind: the beginning of what is remembered");
    return true;
}

/* ---- the loop ---- */

static bool kicked(struct show *s, struct mews_stop_info *info)
{
    if (!__atomic_load_n(&s->m->kicked, __ATOMIC_SEQ_CST))
        return false;
    mews_run(s->m, 0, info); /* takes the kick from the machine too */
    __atomic_store_n(&s->m->kicked, 0, __ATOMIC_SEQ_CST);
    info->why = MEWS_STOP_KICK;
    return true;
}

static bool ended(const struct show *s)
{
    const struct mews *m = s->m;

    return mews_now(m) >= m->show.end || mews_frames(m) >= m->show.frames;
}

/* A picture's time of a debugger that has the machine: the window is alive, and does nothing to it.
 */
static bool breathe(void *ctx)
{
    struct show *s = ctx;
    struct av_events ev;

    s->fe->ops->poll(s->fe, &ev);
    present(s);
    return s->left |= (ev.requests & AV_QUIT) != 0;
}

static void loop(struct show *s, struct mews_stop_info *info)
{
    enum monitor_word word;
    struct av_events ev;

    while (!ended(s)) {
        s->fe->ops->poll(s->fe, &ev);
        if (ev.requests & AV_QUIT)
            return;
        if (rewinds(s, ev.rewind)) {
            if (kicked(s, info))
                return;
            present(s);
            continue;
        }
        serve(s, &ev);
        word = s->m->control ? control_serve(s->m->control) : MONITOR_RUN;
        if (s->left)
            return;
        if (word == MONITOR_STOP) {
            *info = (struct mews_stop_info) { .why = MEWS_STOP_ASKED };
            return;
        }
        if ((!ev.paused || (ev.requests & AV_STEP)) && word == MONITOR_RUN) {
            if (mews_run_frames(s->m, 1, info) != MEWS_STOP_FRAME)
                return;
        } else if (kicked(s, info)) {
            return;
        }
        present(s);
    }
}

static int show(struct mews *m, enum av_kind kind, struct mews_stop_info *info, struct err *e)
{
    struct show s = { .m = m };
    struct av_options o = { m->name, &s.settings };
    const char *why;

    if (!machine_can(m->machine->kind, m->machine, VERB_PICTURE, &why))
        return err_set(e, ERR_NOTSUP, "nothing to show: %s", why);
    if (av_settings_load(&s.settings, NULL, e) || av_open(&s.fe, kind, &o, e))
        return -(int)e->code;
    m->video.next = s.fe->video;
    m->press.next = s.fe->input;
    m->breathe = breathe;
    m->breathe_ctx = &s;
    set_sound(&s);
    loop(&s, info);
    stop_rewinding(&s);
    m->breathe = NULL;
    m->video.next = NULL;
    m->audio.next = NULL;
    m->press.next = &m->held;
    s.fe->ops->close(s.fe);
    return 0;
}

void mews_show_as(struct mews *m, double speed, uint64_t end, uint64_t frames)
{
    m->show.speed = speed;
    m->show.said = true;
    m->show.end = end;
    m->show.frames = frames;
}

int mews_show(struct mews *m, const char *where, struct mews_stop_info *info,
              struct mews_error *error)
{
    struct mews_stop_info unused;
    enum av_kind kind;
    struct err e;

    return av_kind_named(where, &kind, &e) || show(m, kind, info ? info : &unused, &e)
               ? api_report(error, &e)
               : 0;
}
