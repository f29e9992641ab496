/* mews_control(): a machine that others can find and steer. The methods here are those which need
 * api/'s own parts (snapshots, pictures, buttons); a service's are its own list. */
#include "api/control.h"

#include "api/control_debug.h"
#include "api/mews.h"
#include "api/save.h"
#include "base/file.h"
#include "base/own.h"
#include "svc/debug/gdb_server.h"
#include "svc/debug/viewer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SCREENS_MAX = 8, SCREEN_NS = 14000000, LATE_NS = 100000000, STOPS = 8 };

_Static_assert((int)STOPS == (int)STOP_HOST + 1, "a counter for each");

struct screen { /* somebody's memory, into which pictures are written */
    u64 client; /* 0: free */
    int fd;
};

struct control {
    struct mews *m;
    struct monitor *monitor;
    struct mews_control_options o; /* its strings are the caller's, and gone */
    struct method methods[12];
    struct control_debug *debug;
    char gdb[GDB_ADDRESS_BYTES]; /* where gdb finds it; empty: nowhere */
    struct screen screens[SCREENS_MAX];
    unsigned screen_count;
    u64 pictured, pictured_ns;      /* frame and time of the last that was sent */
    u64 button_client;              /* who holds buttons */
    struct space_tracker *trackers; /* of the machine's spaces, in order; made by the first stats */
    unsigned tracker_count;
    u64 runs, stops[STOPS];
    struct saves saves;
    u64 began_ns, piece_ns; /* when the last piece of the run began; how long it took */
    struct stop_info last;
};

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

double control_speed(const struct mews *m)
{
    return m->machine->display.width || m->show.said ? m->show.speed : 0;
}

/* ---- buttons ---- */

static int call_buttons(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    json_t *pad = json_object_get(call->params, "controller");
    json_t *held = json_object_get(call->params, "held");
    json_int_t which = json_integer_value(pad), bits = json_integer_value(held);

    if (!machine_can(c->m->machine->kind, c->m->machine, VERB_PICTURE, NULL))
        return err_set(e, ERR_NOTSUP, "this machine has no controllers");
    if ((pad && !json_is_integer(pad)) || which < 0 || which >= PRESS_PADS ||
        !json_is_integer(held) || bits < 0 || bits > 255)
        return err_set(e, ERR_USAGE,
                       "want {\"controller\": 0 or 1, \"held\": 0 to 255, a bit a button}");
    mews_buttons(c->m, (unsigned)which, (unsigned)bits);
    c->button_client = call->client;
    return 0;
}

static int call_press(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    const char *press = json_string_value(json_object_get(call->params, "press"));
    char text[200];

    if (!machine_can(c->m->machine->kind, c->m->machine, VERB_PICTURE, NULL))
        return err_set(e, ERR_NOTSUP, "this machine has no controllers");
    if (!press || (size_t)snprintf(text, sizeof text, "%llu:%s",
                                   (unsigned long long)c->m->machine->frames, press) >= sizeof text)
        return err_set(e, ERR_USAGE, "want {\"press\": \"BUTTONS[:FRAMES]\"}");
    if (press_add(&c->m->press, text, e))
        return err_set(e, ERR_USAGE, "%.80s: want BUTTONS[:FRAMES], as A+Right:30", press);
    return 0;
}

static int call_console_size(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    json_t *columns = json_object_get(call->params, "columns");
    json_t *rows = json_object_get(call->params, "rows");
    json_int_t wide = json_integer_value(columns), high = json_integer_value(rows);

    if (!json_is_integer(columns) || !json_is_integer(rows) || wide < 0 || wide > UINT16_MAX ||
        high < 0 || high > UINT16_MAX)
        return err_set(e, ERR_USAGE, "want {\"columns\": 0 to 65535, \"rows\": the same}");
    mews_console_size(c->m, (unsigned)wide, (unsigned)high);
    return 0;
}

static int call_power(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    struct mews_error error;

    (void)call;
    return mews_power(c->m, &error) ? err_set(e, (enum err_code)error.code, "%s", error.text) : 0;
}

static int call_reset(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    struct mews_error error;

    (void)call;
    return mews_reset(c->m, &error) ? err_set(e, (enum err_code)error.code, "%s", error.text) : 0;
}

/* Without a number it only answers. */
static int call_speed(void *ctx, struct method_call *call, struct err *e)
{
    struct mews *m = ((struct control *)ctx)->m;
    json_t *speed = json_object_get(call->params, "speed");
    double s = json_number_value(speed);

    if (speed && (!json_is_number(speed) || (s != 0 && !(s >= 0.01 && s <= 1000))))
        return err_set(e, ERR_USAGE, "want {\"speed\": 0.01 to 1000}, or 0: as fast as it goes");
    if (speed)
        mews_show_as(m, s, m->show.end, m->show.frames);
    call->result = json_pack("{s:f}", "speed", control_speed(m));
    return 0;
}

static json_t *words(const struct outside_word *w, unsigned count)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:b}", "word", w[i].word, "own", w[i].own));
    return list;
}

static int call_outside(void *ctx, struct method_call *call, struct err *e)
{
    const struct outside *o = &((struct control *)ctx)->m->outside;

    (void)e;
    call->result = json_pack("{s:o, s:o}", "disks", words(o->disk_words, o->disk_count), "nets",
                             words(o->link_words, o->link_count));
    return 0;
}

/* ---- snapshots ---- */

/* So long is worked at a snapshot between two pieces of the run: as long as the last piece took,
 * within these bounds. */
enum { SAVE_MIN_NS = 2000000, SAVE_MAX_NS = 10000000 };

static int call_snapshot(void *ctx, struct method_call *call, struct err *e)
{
    return saves_ask(&((struct control *)ctx)->saves, call, e);
}

static enum monitor_word serve(struct control *c)
{
    enum monitor_word word;
    u64 ns = c->piece_ns < SAVE_MIN_NS ? SAVE_MIN_NS : c->piece_ns;

    control_debug_serve(c->debug);
    word = monitor_serve(c->monitor);
    if (word != MONITOR_STOP)
        saves_work(&c->saves, ns < SAVE_MAX_NS ? ns : SAVE_MAX_NS);
    if (saves_busy(&c->saves)) /* a guest that waits for input must not keep it waiting */
        console_wake(&c->m->console);
    return word;
}

bool control_saving(const struct control *c)
{
    return saves_busy(&c->saves);
}

/* ---- statistics ---- */

static void track(struct control *c)
{
    unsigned count = 0, i = 0;

    for (struct space *s = c->m->machine->spaces; s; s = s->next)
        count++;
    c->trackers = calloc(count + 1, sizeof *c->trackers);
    if (!c->trackers)
        return;
    for (struct space *s = c->m->machine->spaces; s; s = s->next, i++)
        if (!(s->flags & SPACE_ROM))
            space_track(s, &c->trackers[i]);
    c->tracker_count = count;
}

static void untrack(struct control *c)
{
    unsigned i = 0;

    for (struct space *s = c->m->machine->spaces; s && i < c->tracker_count; s = s->next, i++)
        space_untrack(s, &c->trackers[i]);
    free(c->trackers);
    c->trackers = NULL;
    c->tracker_count = 0;
}

/* Pages that were written since the last time; from now on they are clean. */
static json_int_t dirty_pages(const struct control *c, unsigned i, struct space *s)
{
    struct space_tracker *t = i < c->tracker_count ? &c->trackers[i] : NULL;
    json_int_t count = 0;

    if (!t || !t->dirty)
        return 0;
    space_collect(s);
    count = (json_int_t)space_dirty_count(t);
    for (u64 p = space_dirty_from(t, 0); p < t->pages; p = space_dirty_from(t, p + 1))
        space_dirty_clear(t, p);
    return count;
}

static json_t *memory_list(const struct control *c)
{
    json_t *list = json_array();
    unsigned i = 0;

    for (struct space *s = c->m->machine->spaces; s; s = s->next, i++) {
        json_t *j = json_pack("{s:s, s:I}", "name", s->name, "bytes", (json_int_t)s->size_bytes);

        if (!(s->flags & SPACE_ROM))
            json_object_set_new(j, "dirty_pages", json_integer(dirty_pages(c, i, s)));
        json_array_append_new(list, j);
    }
    return list;
}

/* What the kind counts; a group is a list, of what each of its parts counts. */
static json_t *counters_of(const struct fields *fs, const void *counted)
{
    json_t *j = json_object();

    for (u32 i = 0; fs && i < fs->count; i++) {
        const struct field *f = &fs->list[i];
        struct field_ref r = { f, (char *)counted + f->offset };
        json_t *list;

        if (f->type != FIELD_GROUP) {
            json_object_set_new(j, f->name, json_integer((json_int_t)field_get(&r)));
            continue;
        }
        list = json_array();
        for (u32 k = 0; k < f->count; k++)
            json_array_append_new(
                list, counters_of(field_group(f), (char *)counted + f->offset + k * f->size));
        json_object_set_new(j, f->name, list);
    }
    return j;
}

static int call_stats(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    const struct machine *m = c->m->machine;
    json_t *stops = json_object();

    (void)e;
    if (!c->trackers)
        track(c);
    for (unsigned i = 0; i < STOPS; i++)
        if (c->stops[i])
            json_object_set_new(stops, stop_name((enum stop)i),
                                json_integer((json_int_t)c->stops[i]));
    call->result = json_pack(
        "{s:I, s:f, s:f, s:I, s:I, s:o, s:o, s:I, s:i, s:i, s:o}", "ticks", (json_int_t)m->now,
        "speed", control_speed(c->m), "hz", (double)m->hz_num / (double)m->hz_den, "frames",
        (json_int_t)m->frames, "exits", (json_int_t)c->runs, "exits_by_reason", stops, "counters",
        counters_of(m->counters, m->counted), "snapshots", (json_int_t)c->saves.count, "saving",
        (int)saves_waiting(&c->saves), "screens", (int)c->screen_count, "memory", memory_list(c));
    return 0;
}

/* ---- the screen ---- */

/* Memory that nobody can take away while it is written to, of the right size: a memfd. */
static int screen_file(const struct method_call *call, u64 bytes, struct err *e)
{
    struct stat st;

    if (call->fd_count != 1 || fcntl(call->fds[0], F_GET_SEALS) < 0 ||
        file_stat(call->fds[0], &st) || (u64)st.st_size < bytes)
        return err_set(e, ERR_USAGE, "want one descriptor: of a memfd of %llu bytes",
                       (unsigned long long)bytes);
    return 0;
}

static int call_screen(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    const struct display *d = &c->m->machine->display;
    u64 slot = (u64)d->width * d->height * 4;
    struct screen *s = NULL;
    const char *why;

    if (!machine_can(c->m->machine->kind, c->m->machine, VERB_PICTURE, &why))
        return err_set(e, ERR_NOTSUP, "%s", why);
    if (call->fd_count) { /* without: only asks */
        if (screen_file(call, 2 * slot, e))
            return -(int)e->code;
        for (unsigned i = 0; i < SCREENS_MAX; i++)
            if (c->screens[i].client == call->client || (!s && !c->screens[i].client))
                s = &c->screens[i];
        if (!s)
            return err_set(e, ERR_LIMIT, "%d others look at it already", SCREENS_MAX);
        if (s->client)
            close(s->fd);
        else
            c->screen_count++;
        *s = (struct screen) { call->client, fcntl(call->fds[0], F_DUPFD_CLOEXEC, 3) };
        c->pictured = 0;
    }
    call->result = json_pack("{s:i, s:i, s:i, s:i, s:I}", "width", (int)d->width, "height",
                             (int)d->height, "aspect_num", (int)d->aspect_num, "aspect_den",
                             (int)d->aspect_den, "slot_bytes", (json_int_t)slot);
    return 0;
}

/* The pictures with even numbers go to the first slot, the odd ones behind it: who reads the last
 * one has the time of a picture for it. */
static void send_picture(struct control *c)
{
    u64 now = now_ns(), frames = c->m->machine->frames;
    unsigned width, height;
    const u32 *rgb;

    if (frames == c->pictured || now - c->pictured_ns < SCREEN_NS ||
        !(rgb = mews_picture(c->m, &width, &height)))
        return;
    c->pictured = frames;
    c->pictured_ns = now;
    for (unsigned i = 0; i < SCREENS_MAX; i++) {
        size_t bytes = (size_t)width * height * 4;

        if (c->screens[i].client)
            (void)!pwrite(c->screens[i].fd, rgb, bytes, (off_t)(bytes * (frames & 1)));
    }
    monitor_notify(
        c->monitor, "screen.picture",
        json_pack("{s:I, s:i}", "number", (json_int_t)frames, "slot", (int)(frames & 1)));
}

/* ---- views ---- */

/* Without a descriptor: its size alone. */
static int call_view_picture(void *ctx, struct method_call *call, struct err *e)
{
    struct control *c = ctx;
    const char *name = json_string_value(json_object_get(call->params, "name"));
    const struct view *v;
    u64 bytes;
    u32 *rgb;

    if (!name)
        return err_set(e, ERR_USAGE, "view.picture wants {\"name\": VIEW}");
    if (view_find(c->m->machine, name, &v, e))
        return -(int)e->code;
    if (!v->picture)
        return err_set(e, ERR_NOTSUP, "%s is no picture", v->name);
    bytes = (u64)v->width * v->height * 4;
    if (call->fd_count) {
        ssize_t n;

        if (screen_file(call, bytes, e) || api_view_pixels(c->m, v, &rgb, e))
            return -(int)e->code;
        n = pwrite(call->fds[0], rgb, bytes, 0);
        free(rgb);
        if (n != (ssize_t)bytes)
            return err_set(e, ERR_STATE, "the picture could not be written to its memory");
    }
    call->result = json_pack("{s:s, s:i, s:i, s:I}", "view", v->name, "width", (int)v->width,
                             "height", (int)v->height, "bytes", (json_int_t)bytes);
    return 0;
}

static void client_gone(void *ctx, u64 client)
{
    struct control *c = ctx;

    saves_gone(&c->saves, client);
    for (unsigned i = 0; i < SCREENS_MAX; i++) {
        if (c->screens[i].client != client)
            continue;
        close(c->screens[i].fd);
        c->screens[i] = (struct screen) { 0, -1 };
        c->screen_count--;
    }
    if (c->button_client != client)
        return;
    for (unsigned i = 0; i < PRESS_PADS; i++)
        mews_buttons(c->m, i, 0);
    c->button_client = 0;
}

/* ---- in the machine's thread ---- */

enum monitor_word control_serve(struct control *c)
{
    return serve(c);
}

enum monitor_word control_wait(struct control *c)
{
    enum monitor_word word;

    while ((word = serve(c)) == MONITOR_PAUSED && !__atomic_load_n(&c->m->kicked, __ATOMIC_SEQ_CST))
        if (!control_saving(c))
            monitor_sleep(c->monitor, UINT64_MAX);
    c->began_ns = now_ns();
    return word;
}

void control_ran(struct control *c, const struct stop_info *s)
{
    const struct machine *m = c->m->machine;

    c->runs++;
    c->piece_ns = now_ns() - c->began_ns;
    if ((unsigned)s->why < STOPS)
        c->stops[s->why]++;
    c->last = *s;
    monitor_publish(c->monitor, &(struct monitor_clock) { m->now, m->frames });
    if (c->screen_count)
        send_picture(c);
    control_debug_ran(c->debug);
}

u64 control_slice(const struct control *c)
{
    /* a tenth of a second of its time; less while something waits for its end */
    return machine_ticks(c->m->machine, control_saving(c) ? 10000000 : 100000000);
}

void control_leave(struct control *c)
{
    saves_end(&c->saves, "another machine is in its place");
    control_debug_leave(c->debug);
    untrack(c);
}

void control_enter(struct control *c)
{
    control_debug_enter(c->debug);
}

void control_wake(struct control *c)
{
    monitor_wake(c->monitor);
}

/* ---- beginning and end ---- */

static void wake(void *ctx)
{
    api_wake(((struct control *)ctx)->m);
}

static int opened(void *ctx, struct err *e)
{
    struct control *c = ctx;
    struct mews_error error;

    if (!c->o.opened || !c->o.opened(c->o.ctx, &error))
        return 0;
    return err_set(e, (enum err_code)error.code, "%s", error.text);
}

static json_t *about(const struct control *c)
{
    struct mews *m = c->m;

    return json_pack("{s:s, s:s, s:s?, s:f, s:s, s:s*}", "kind", mews_kind(m), "board",
                     mews_board(m), "thing", m->name, "hz", mews_hz(m), "program",
                     "mews " MEWS_VERSION, "gdb", c->gdb[0] ? c->gdb : NULL);
}

static void list_methods(struct control *c)
{
    const struct method list[] = {
        { "machine.reset", "presses the reset button", call_reset, c, false },
        { "machine.power", "presses the power button", call_power, c, false },
        { "machine.speed", "{speed}: so many times its own, 0: as fast as it goes", call_speed, c,
          false },
        { "machine.outside", "disks and networks, as a copy would name them", call_outside, c,
          false },
        { "machine.stats", "totals, and pages written since the last call", call_stats, c, false },
        { "console.size", "{columns, rows} of the screen on which the console is shown",
          call_console_size, c, false },
        { "input.buttons", "{controller, held}: until the next, or until the caller leaves",
          call_buttons, c, false },
        { "input.press", "{press: \"BUTTONS[:FRAMES]\"}, from now on", call_press, c, false },
        { "screen.open", "with a memfd: pictures go there", call_screen, c, false },
        { "snapshot.save", "with a file: {incremental, share}", call_snapshot, c, false },
        { "view.picture", "{name}, with a memfd: the view's pixels go there", call_view_picture, c,
          false },
    };

    memcpy(c->methods, list, sizeof list);
    _Static_assert(sizeof list <= sizeof c->methods, "room for all");
    monitor_add(c->monitor, c->methods, ARRAY_SIZE(list));
    monitor_when_gone(c->monitor, client_gone, c);
}

/* The name of a thing as a name for a machine: "hawk*", or "machine*". */
static void wish(const char *thing, char out[static 80])
{
    size_t n = 0;

    for (; *thing && n < 60; thing++) {
        bool plain = (*thing >= 'a' && *thing <= 'z') || (*thing >= 'A' && *thing <= 'Z') ||
                     (*thing >= '0' && *thing <= '9');

        if (plain || (n && strchr("._-", *thing)))
            out[n++] = *thing;
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    strcpy(out + n, n ? "*" : "machine*");
}

static int start(struct control *c, const struct mews_control_options *o, struct err *e)
{
    OWN(fd) int listener = -1;
    char name[80];
    json_t *said;
    struct monitor_options mo = { .name = o->name,
                                  .keep = o->keep,
                                  .own_output = o->own_output,
                                  .hz = mews_hz(c->m),
                                  .opened = opened,
                                  .threads = api_thread_hook(c->m),
                                  .no_files = o->no_files,
                                  .wake = wake,
                                  .ctx = c };
    int r, in, out;

    if (o->gdb && gdb_listen(o->gdb, &listener, c->gdb, e))
        return -(int)e->code;
    mo.about = said = about(c);
    if (!o->name) {
        wish(c->m->name, name);
        mo.name = name;
    }
    r = said ? monitor_create(&mo, &c->monitor, e) : err_set(e, ERR_NOMEM, "no memory");
    json_decref(said);
    if (!r)
        r = control_debug_create(c->m, c->monitor, &c->debug, e);
    if (r)
        return r;
    monitor_console(c->monitor, &in, &out);
    console_also(&c->m->console, in, out);
    console_also(&c->m->diagnostics, -1, out);
    if (listener >= 0)
        control_debug_listen(c->debug, listener);
    listener = -1;
    list_methods(c);
    control_ran(c, &(struct stop_info) { 0 });
    c->m->control = c; /* before others come, who will wake it */
    return monitor_start(c->monitor, e);
}

int mews_control(struct mews *m, const struct mews_control_options *given, struct mews_error *error)
{
    struct mews_control_options o = { 0 };
    struct control *c = calloc(1, sizeof *c);
    struct err e;

    memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
    if (m->control)
        err_set(&e, ERR_STATE, "it is listed already, as %s", monitor_name(m->control->monitor));
    else if (!c)
        err_set(&e, ERR_NOMEM, "no memory");
    if (m->control || !c) {
        free(c);
        return api_report(error, &e);
    }
    c->m = c->saves.m = m;
    c->o = o;
    for (unsigned i = 0; i < SCREENS_MAX; i++)
        c->screens[i].fd = -1;
    if (!start(c, &o, &e))
        return 0;
    m->control = c;
    control_end(c);
    return api_report(error, &e);
}

const char *mews_control_gdb(const struct mews *m)
{
    return m->control && m->control->gdb[0] ? m->control->gdb : NULL;
}

const char *mews_control_name(const struct mews *m)
{
    return m->control ? monitor_name(m->control->monitor) : NULL;
}

void mews_jailed(struct mews *m)
{
    if (m->control)
        monitor_jailed(m->control->monitor);
}

void mews_last_words(const struct mews *m, const char *why, const char *text)
{
    if (m->control)
        monitor_last_words(m->control->monitor, why, text);
}

void control_end(struct control *c)
{
    static const char *const whys[] = {
        [STOP_HALT] = "halt", [STOP_FAULT] = "fault", [STOP_HOST] = "host", [STOP_KICK] = "stopped"
    };
    struct monitor_end end = { .why = "closed" };
    bool stopped;

    if (!c)
        return;
    stopped = c->monitor &&
              monitor_serve_urgent(c->monitor, "the machine has ended") == MONITOR_STOP;
    saves_end(&c->saves, "the machine has ended");
    if (c->last.why < ARRAY_SIZE(whys) && whys[c->last.why])
        end.why = whys[c->last.why];
    if (stopped)
        end.why = "stopped";
    else if (c->last.why == STOP_HALT)
        end.status = c->last.status;
    else if (c->last.why == STOP_FAULT || c->last.why == STOP_HOST)
        end.status = 1;
    end.text = c->last.text;
    console_flush(&c->m->console);
    console_flush(&c->m->diagnostics);
    console_also(&c->m->console, -1, -1);
    console_also(&c->m->diagnostics, -1, -1);
    control_debug_destroy(c->debug);
    monitor_destroy(c->monitor, &end);
    untrack(c);
    for (unsigned i = 0; i < SCREENS_MAX; i++)
        if (c->screens[i].fd >= 0)
            close(c->screens[i].fd);
    c->m->control = NULL;
    free(c);
}

/* ---- in real time, without a screen ---- */

/* How long one piece of the run may take: a picture, or a sixtieth of a second. 0: no matter. */
static u64 pace_ns(const struct mews *m)
{
    const struct display *d = &m->machine->display;
    double seconds = d->width ? (double)d->ticks_num / d->ticks_den / mews_hz(m) : 1.0 / 60;

    return control_speed(m) > 0 ? (u64)(1e9 * seconds / control_speed(m)) : 0;
}

/* Returns often enough for another speed to be noticed. */
static enum mews_stop run_paced(struct mews *m, struct mews_stop_info *info)
{
    if (m->machine->display.width)
        return mews_run_frames(m, 1, info);
    return mews_run(m, machine_ticks(m->machine, pace_ns(m) ? 1000000000 / 60 : 1000000000), info);
}

static void sleep_paced(struct mews *m, u64 ns)
{
    if (m->control)
        monitor_sleep(m->control->monitor, ns);
    else
        nanosleep(&(struct timespec) { (time_t)(ns / 1000000000), (long)(ns % 1000000000) }, NULL);
}

enum mews_stop mews_serve(struct mews *m, struct mews_stop_info *info)
{
    u64 began = 0; /* when the last piece should have begun */
    enum mews_stop why;

    do {
        u64 now = now_ns();

        while (now < began + pace_ns(m) && !__atomic_load_n(&m->kicked, __ATOMIC_SEQ_CST)) {
            if (!m->control || !control_saving(m->control)) /* or its sleep goes into that */
                sleep_paced(m, began + pace_ns(m) - now);
            if (m->control && control_serve(m->control) != MONITOR_RUN)
                break;
            now = now_ns();
        }
        began += pace_ns(m);
        if (began + LATE_NS < now) /* at first, and after a pause */
            began = now;
        why = run_paced(m, info);
    } while (why == MEWS_STOP_FRAME || why == MEWS_STOP_TIME || why == MEWS_STOP_IDLE);
    return why;
}
