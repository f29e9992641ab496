/* Snapshots: files by name for what svc/snap does with descriptors, and machines from them. */
#include "api/control.h"
#include "api/mews.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM "mews " MEWS_VERSION

static void fill_info(struct mews_snapshot_info *out, const struct snap_result *r)
{
    if (!out)
        return;
    *out = (struct mews_snapshot_info) {
        .memory_bytes = r->memory_bytes,
        .written_bytes = r->written_bytes,
        .paused_bytes = r->paused_bytes,
        .file_bytes = r->file_bytes,
    };
    memcpy(out->digest, r->digest, sizeof out->digest);
}

/* ---- saving ---- */

int mews_snapshot(struct mews *m, const char *path, struct mews_snapshot_info *info,
                  struct mews_error *error)
{
    struct snap_options o = { .program = PROGRAM };
    struct snap_result result;
    struct file_new file;
    struct err e;

    if (api_whole(m, &e) || file_begin(&file, path, &e))
        return api_report(error, &e);
    if (snap_save(m->machine, &m->recipe, file.fd, &o, &result, &e) || api_whole(m, &e)) {
        file_abandon(&file);
        err_wrap(&e, "%s", path);
        return api_report(error, &e);
    }
    if (file_commit(&file, &e))
        return api_report(error, &e);
    fill_info(info, &result);
    return 0;
}

/* A chain has one image at a time. */
static int snapshot_to(struct mews *m, int fd, bool incremental, struct snap_result *result,
                       struct err *e)
{
    struct snap_options o = { .incremental = incremental, .sync = true, .program = PROGRAM };

    if (m->control && control_saving(m->control))
        return err_set(e, ERR_STATE, "another snapshot is being saved");
    if (api_whole(m, e))
        return -(int)e->code;
    if (!m->chain && snap_chain_create(m->machine, &m->chain, e))
        return -(int)e->code;
    o.chain = m->chain;
    return snap_save(m->machine, &m->recipe, fd, &o, result, e) ? -(int)e->code : api_whole(m, e);
}

int mews_snapshot_to(struct mews *m, int fd, bool incremental, struct mews_snapshot_info *info,
                     struct mews_error *error)
{
    struct snap_result result;
    struct err e;

    if (snapshot_to(m, fd, incremental, &result, &e))
        return api_report(error, &e);
    fill_info(info, &result);
    return 0;
}

/* ---- memory that is lost ---- */

/* In a signal handler. The whole page of the host's is replaced, where the file is mapped. */
bool mews_memory_lost(struct mews *m, void *address)
{
    const struct machine *machine = __atomic_load_n(&m->machine, __ATOMIC_SEQ_CST);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)address & -page;
    const struct space *s = machine ? machine->spaces : NULL;

    while (s && (!(s->flags & SPACE_LARGE) || at < (uintptr_t)s->bytes ||
                 at - (uintptr_t)s->bytes >= s->size_bytes))
        s = s->next;
    if (!s || mmap(address - ((uintptr_t)address - at), page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    if (!__atomic_load_n(&m->lost, __ATOMIC_SEQ_CST)) {
        m->lost_at = s->base + (at - (uintptr_t)s->bytes);
        __atomic_store_n(&m->lost, s, __ATOMIC_SEQ_CST);
    }
    mews_kick(m);
    return true;
}

int api_whole(const struct mews *m, struct err *e)
{
    const struct space *s = __atomic_load_n(&m->lost, __ATOMIC_SEQ_CST);

    return !s ? 0
              : err_set(e, ERR_STATE,
                        "its memory is lost: the host cannot supply %s at 0x%llx (the snapshot's "
                        "file was cut short, or cannot be read)",
                        s->name, (unsigned long long)m->lost_at);
}

/* ---- restoring ---- */

bool mews_is_snapshot(const char *path)
{
    u8 head[16];

    return snap_recognise(head, file_head(path, head, sizeof head));
}

static int open_path(const char *path, struct snap_image **out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

    if (fd < 0)
        return err_set(e, ERR_SYS, "%s", path);
    r = snap_open(fd, out, e);
    close(fd);
    return r ? err_wrap(e, "%s", path) : 0;
}

/* A machine of m's ports in the image's state. */
static int make_from(struct mews *m, struct snap_image *i, struct machine_parts *out, struct err *e)
{
    struct machine_parts parts;
    const struct recipe *recipe = snap_recipe(i);
    const char *why;

    if (!recipe)
        return err_set(e, ERR_STATE,
                       "it has only what changed since its base %s (mews snapshot --squash)",
                       snap_info(i)->base);
    if (api_make_again(m, recipe, &parts, e))
        return -(int)e->code;
    if (!machine_can(parts.machine->kind, parts.machine, VERB_SNAPSHOT, &why))
        err_set(e, ERR_NOTSUP, "restore: %s", why);
    else if (!snap_load(i, parts.machine, e) && !snap_announce(parts.machine, e)) {
        *out = parts;
        return 0;
    }
    api_unmake(&parts);
    return -(int)e->code;
}

static int check_options(const struct mews_options *o, struct err *e)
{
    if (o->kind || (o->settings && *o->settings) || (o->args && *o->args))
        return err_set(e, ERR_USAGE,
                       "a snapshot knows its kind, its settings and the guest's arguments");
    return 0;
}

int mews_restore(const char *path, const struct mews_options *given, struct mews **out,
                 struct mews_error *error)
{
    struct mews_options o = api_options(given);
    struct machine_parts parts;
    struct snap_image *i = NULL;
    struct mews *m = NULL;
    struct err e;

    if (open_path(path, &i, &e))
        return api_report(error, &e);
    if (check_options(&o, &e) || api_begin(&o, &m, &e) || make_from(m, i, &parts, &e)) {
        err_wrap(&e, "%s", path);
        mews_close(m);
        snap_close(i);
        return api_report(error, &e);
    }
    snap_close(i);
    api_exchange(m, &parts);
    *out = m;
    return 0;
}

static bool same_recipe(const struct recipe *a, const struct recipe *b)
{
    size_t len = recipe_save(a, NULL);
    u8 *x, *y;
    bool same = false;

    if (len != recipe_save(b, NULL))
        return false;
    x = malloc(len);
    y = malloc(len);
    if (x && y) {
        recipe_save(a, x);
        recipe_save(b, y);
        same = !memcmp(x, y, len);
    }
    free(x);
    free(y);
    return same;
}

int api_load_state(struct mews *m, const char *path, struct err *e)
{
    struct machine_parts parts;
    struct snap_image *i = NULL;

    if (open_path(path, &i, e))
        return -(int)e->code;
    if (!snap_recipe(i) || !same_recipe(snap_recipe(i), &m->recipe))
        err_set(e, ERR_MISMATCH, "the state is of another machine: %s", path);
    else if (!make_from(m, i, &parts, e)) {
        snap_close(i);
        api_exchange(m, &parts);
        api_unmake(&parts);
        return 0;
    }
    snap_close(i);
    return -(int)e->code;
}

/* ---- images ---- */

struct mews_image {
    struct snap_image *snap;
    char path[256]; /* for messages */
};

int mews_image_open(const char *path, struct mews_image **out, struct mews_error *error)
{
    struct mews_image *i = calloc(1, sizeof *i);
    struct err e;

    if (!i)
        err_set(&e, ERR_NOMEM, "no memory");
    else if (!open_path(path, &i->snap, &e)) {
        snprintf(i->path, sizeof i->path, "%s", path);
        *out = i;
        return 0;
    }
    free(i);
    return api_report(error, &e);
}

void mews_image_close(struct mews_image *i)
{
    if (!i)
        return;
    snap_close(i->snap);
    free(i);
}

void mews_image_info(const struct mews_image *i, struct mews_image_info *out)
{
    const struct snap_info *f = snap_info(i->snap);

    *out = (struct mews_image_info) {
        .program = f->program,
        .kind = f->kind,
        .board = f->board,
        .name = f->name,
        .hz = (double)f->hz_num / (double)f->hz_den,
        .now = f->now,
        .frames = f->frames,
        .file_bytes = f->file_bytes,
        .chained = f->chained,
        .compressed = f->compressed,
        .digest = f->digest,
        .base = f->base,
        .also = *f->also ? f->also : NULL,
    };
}

struct walk {
    mews_image_field_fn *f;
    void *ctx;
    char path[512];
    char *values;
    size_t room;
    bool failed;
};

static const char *type_name(const struct field *f)
{
    static const char *const names[] = { "bool", "u8",  "u16", "u32", "u64",
                                         "s8",   "s16", "s32", "s64", "enum" };

    return f->type < ARRAY_SIZE(names) ? names[f->type] : "unknown";
}

static void report_field(struct walk *w, const struct field *f, const char *at)
{
    size_t used = 0;

    for (u32 k = 0; k < f->count; k++, at += f->size) {
        struct field_ref ref = { f, (char *)at }; /* read only */

        if (w->room - used < 80) {
            size_t room = 2 * w->room + 4096;
            char *more = realloc(w->values, room);

            if (!more) {
                w->failed = true;
                return;
            }
            w->values = more;
            w->room = room;
        }
        if (k)
            w->values[used++] = ' ';
        field_text(&ref, w->values + used, w->room - used);
        used += strlen(w->values + used);
    }
    w->f(w->ctx, w->path, type_name(f), f->count, w->values);
}

static void walk_fields(struct walk *w, const struct fields *fs, const char *obj)
{
    size_t stem = strlen(w->path);

    for (u32 i = 0; i < fs->count && !w->failed; i++) {
        const struct field *f = &fs->list[i];
        u32 times = f->type == FIELD_GROUP ? f->count : 1;

        for (u32 k = 0; k < times; k++) {
            const char *at = obj + f->offset + (size_t)k * f->size;
            size_t room = sizeof w->path - stem;
            int n = snprintf(w->path + stem, room, "%s%s", stem ? "." : "", f->name);

            if (times > 1 && (size_t)n < room)
                snprintf(w->path + stem + n, room - (size_t)n, "[%u]", k);
            if (f->type == FIELD_GROUP)
                walk_fields(w, field_group(f), at);
            else
                report_field(w, f, at);
            w->path[stem] = 0;
        }
    }
}

static void walk_component(void *ctx, struct component *c, const char *path)
{
    struct walk *w = ctx;

    snprintf(w->path, sizeof w->path, "%s", path);
    if (c->fields)
        walk_fields(w, c->fields, c->self);
}

static void walk_event(void *ctx, const char *name, u64 when)
{
    struct walk *w = ctx;
    char path[320], value[32];

    snprintf(path, sizeof path, "events.%s", name);
    snprintf(value, sizeof value, "%llu", (unsigned long long)when);
    w->f(w->ctx, path, "u64", 1, value);
}

int mews_image_fields(const struct mews_image *i, mews_image_field_fn *f, void *ctx,
                      struct mews_error *error)
{
    struct walk w = { .f = f, .ctx = ctx };
    struct err e;

    snap_walk(i->snap, walk_component, &w);
    snap_events(i->snap, walk_event, &w);
    free(w.values);
    if (!w.failed)
        return 0;
    err_set(&e, ERR_NOMEM, "no memory");
    return api_report(error, &e);
}

void mews_image_memories(const struct mews_image *i, mews_image_memory_fn *f, void *ctx)
{
    for (unsigned k = 0; k < snap_info(i->snap)->space_count; k++) {
        struct snap_space s;

        snap_space(i->snap, k, &s);
        f(ctx, s.name, s.base, s.size_bytes, s.stored_bytes);
    }
}

int mews_image_verify(struct mews_image *i, struct mews_error *error)
{
    struct err e;

    if (!snap_verify(i->snap, &e))
        return 0;
    err_wrap(&e, "%s", i->path);
    return api_report(error, &e);
}

int mews_image_diff(struct mews_image *a, struct mews_image *b, mews_difference_fn *f, void *ctx,
                    struct mews_error *error)
{
    struct err e;

    return snap_diff(a->snap, b->snap, f, ctx, &e) ? api_report(error, &e) : 0;
}

/* ---- squashing ---- */

static int squash(struct snap_image *const *list, unsigned count, const char *path, int level,
                  struct mews_snapshot_info *info, struct err *e)
{
    struct snap_result result;
    struct file_new file;

    if (file_begin(&file, path, e))
        return -(int)e->code;
    if (snap_rewrite(list, count, file.fd, level, false, &result, e)) {
        file_abandon(&file);
        return -(int)e->code;
    }
    if (file_commit(&file, e)) /* with the fsync */
        return -(int)e->code;
    fill_info(info, &result);
    return 0;
}

int mews_squash(const char *const *paths, unsigned count, const char *path, int level,
                struct mews_snapshot_info *info, struct mews_error *error)
{
    struct snap_image **list = calloc(count + 1, sizeof(struct snap_image *));
    struct err e;
    unsigned opened = 0;
    int r = 0;

    if (!list) {
        err_set(&e, ERR_NOMEM, "no memory");
        return api_report(error, &e);
    }
    for (; !r && opened < count; opened += !r)
        r = open_path(paths[opened], &list[opened], &e);
    if (!r)
        r = squash(list, count, path, level, info, &e);
    while (opened > 0)
        snap_close(list[--opened]);
    free(list);
    return r ? api_report(error, &e) : 0;
}
