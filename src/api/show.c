/* mews_show(): a machine in front of a person, until they leave.
 *
 *   running --pause key--> paused --pause key--> running      (front-end; poll() tells)
 *   paused --step key--> one picture, paused
 *   either --a file is dropped--> replace(): the same with another machine; or as it was, and the
 *                                 reason on the screen
 *   either --quit, kick, the machine's end--> left */
#include "api/control.h"
#include "api/mews.h"
#include "host/av/av.h"

#include <stdio.h>
#include <string.h>

struct show {
    struct mews *m;
    struct av_frontend *fe;
    struct av_settings settings;
};

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

static void serve(struct show *s, const struct av_events *ev)
{
    struct mews_error error;

    if (ev->requests & AV_RESET)
        say(s, mews_reset(s->m, &error) ? error.text : "Reset");
    if (ev->requests & AV_SCREENSHOT)
        screenshot(s);
    if (ev->requests & (AV_SAVE_STATE | AV_LOAD_STATE))
        say(s, "There are no snapshots yet");
    if (ev->requests & AV_LOAD_FILE)
        replace(s, ev->file);
}

static void loop(struct show *s, struct mews_stop_info *info)
{
    enum monitor_word word;
    struct av_events ev;

    for (;;) {
        s->fe->ops->poll(s->fe, &ev);
        if (ev.requests & AV_QUIT)
            return;
        serve(s, &ev);
        word = s->m->control ? control_serve(s->m->control) : MONITOR_RUN;
        if (word == MONITOR_STOP) {
            *info = (struct mews_stop_info) { .why = MEWS_STOP_ASKED };
            return;
        }
        if ((!ev.paused || (ev.requests & AV_STEP)) && word == MONITOR_RUN) {
            if (mews_run_frames(s->m, 1, info) != MEWS_STOP_FRAME)
                return;
        } else if (__atomic_load_n(&s->m->kicked, __ATOMIC_SEQ_CST)) {
            mews_run(s->m, 0, info); /* takes the kick from the machine too */
            info->why = MEWS_STOP_KICK;
            return;
        }
        s->fe->ops->present(s->fe);
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
    m->audio.next = s.fe->audio;
    m->press.next = s.fe->input;
    loop(&s, info);
    m->video.next = NULL;
    m->audio.next = NULL;
    m->press.next = &m->held;
    s.fe->ops->close(s.fe);
    return 0;
}

int mews_show(struct mews *m, const char *where, struct mews_stop_info *info,
              struct mews_error *error)
{
    struct mews_stop_info unused;
    enum av_kind kind = AV_AUTO;
    struct err e;

    if (where && strcmp(where, "sdl") != 0 && strcmp(where, "terminal") != 0) {
        err_set(&e, ERR_USAGE, "'%s' is nowhere to show pictures: want sdl or terminal", where);
        return api_report(error, &e);
    }
    if (where)
        kind = !strcmp(where, "sdl") ? AV_SDL : AV_CHAFA;
    return show(m, kind, info ? info : &unused, &e) ? api_report(error, &e) : 0;
}
