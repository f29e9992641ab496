/* The debugger of the machine behind a handle: its console, and what of it needs the host. */
#include "api/debug.h"

#include "host/elf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the guest has written stands before what is said of it. */
static void say(void *ctx, const char *text)
{
    struct mews_debug *d = ctx;

    console_flush(&d->m->console);
    console_flush(&d->m->diagnostics);
    d->options.say(d->options.ctx, text);
}

static int show_picture(void *ctx, const struct view *v, const char *path, struct err *e)
{
    struct mews_debug *d = ctx;

    return api_view_picture(d->m, v, path, e);
}

/* ---- symbols of ELF files ---- */

static bool add_symbol(void *ctx, const char *name, u64 value, bool address)
{
    return symbols_add(ctx, name, strlen(name), value, address);
}

static bool add_line(void *ctx, const char *file, u32 line, u64 first, u64 bytes)
{
    struct symbols *s = ctx;
    struct symbol_line l = { first, bytes, 0, line, true };

    /* Rows of one file stand together. */
    if ((!s->file_count || strcmp(s->files[s->file_count - 1], file) != 0) &&
        !symbols_add_file(s, file, strlen(file)))
        return false;
    l.file = (u32)s->file_count - 1;
    return symbols_add_line(s, &l);
}

int api_debug_elf(void *ctx, const char *path, struct symbols *to, struct err *e)
{
    struct elf_sink sink = { add_symbol, add_line, to };

    (void)ctx;
    return elf_symbols(path, &sink, e);
}

/* ---- of a machine here ---- */

static void local_close(struct mews_debug *d)
{
    debug_console_destroy(d->console);
    debug_destroy(d->debug);
}

static void local_greet(struct mews_debug *d)
{
    debug_console_greet(d->console);
}

static int local_command(struct mews_debug *d, const char *line, struct err *e)
{
    struct mews *m = d->m;
    int r = debug_console_run(d->console, line, e);

    m->frames = m->machine->frames;
    __atomic_store_n(&m->kicked, 0, __ATOMIC_SEQ_CST);
    console_flush(&m->console);
    console_flush(&m->diagnostics);
    return r;
}

static void local_interrupt(struct mews_debug *d)
{
    mews_kick(d->m);
}

static bool local_ended(const struct mews_debug *d)
{
    return debug_console_ended(d->console);
}

static int local_symbols(struct mews_debug *d, const char *path, struct err *e)
{
    return debug_console_symbols(d->console, path, e);
}

static void local_complete(struct mews_debug *d, const char *line, line_word_fn *word, void *ctx)
{
    debug_console_complete(d->console, line, word, ctx);
}

static const struct debug_face local_face = { local_close,     local_greet, local_command,
                                              local_interrupt, local_ended, local_symbols,
                                              local_complete };

int mews_debug_open(struct mews *m, const struct mews_debug_options *o, struct mews_debug **out,
                    struct mews_error *error)
{
    struct err e;
    struct mews_debug *d = api_debug_make(&local_face, o, &e);

    if (!d)
        return api_report(error, &e);
    d->m = m;
    if (debug_create(m->machine, m->recorder, m->history, &d->debug, &e) ||
        debug_console_create(d->debug,
                             &(struct debug_console_options) { .json = d->options.json,
                                                               .say = say,
                                                               .symbols = api_debug_elf,
                                                               .picture = show_picture,
                                                               .ctx = d },
                             &d->console, &e)) {
        mews_debug_close(d);
        return api_report(error, &e);
    }
    *out = d;
    return 0;
}

void mews_debug_symbols_beside(struct mews_debug *d, const char *thing)
{
    debug_console_symbols_beside(d->console, thing);
}

/* ---- of any ---- */

struct mews_debug *api_debug_make(const struct debug_face *face, const struct mews_debug_options *o,
                                  struct err *e)
{
    struct mews_debug *d = calloc(1, sizeof *d);

    if (!d) {
        err_set(e, ERR_NOMEM, "no memory for a debugger");
        return NULL;
    }
    d->face = face;
    memcpy(&d->options, o, o->size < sizeof d->options ? o->size : sizeof d->options);
    return d;
}

void mews_debug_close(struct mews_debug *d)
{
    if (!d)
        return;
    if (d->module)
        d->module->close(d->editor);
    d->face->close(d);
    free(d->line);
    free(d);
}

void mews_debug_greet(struct mews_debug *d)
{
    d->face->greet(d);
}

int mews_debug_command(struct mews_debug *d, const char *line, struct mews_error *error)
{
    struct err e;

    return d->face->command(d, line, &e) ? api_report(error, &e) : 0;
}

void mews_debug_interrupt(struct mews_debug *d)
{
    d->face->interrupt(d);
}

bool mews_debug_ended(const struct mews_debug *d)
{
    return d->face->ended(d);
}

int mews_debug_symbols(struct mews_debug *d, const char *path, struct mews_error *error)
{
    struct err e;

    return d->face->symbols(d, path, &e) ? api_report(error, &e) : 0;
}

/* ---- lines ---- */

static void complete(void *ctx, const char *line, line_word_fn *word, void *word_ctx)
{
    struct mews_debug *d = ctx;

    d->face->complete(d, line, word, word_ctx);
}

static bool history_path(char out[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && *state == '/')
        return snprintf(out, PATH_MAX, "%s/mews/debug_history", state) < PATH_MAX;
    return home && snprintf(out, PATH_MAX, "%s/.local/state/mews/debug_history", home) < PATH_MAX;
}

static void open_editor(struct mews_debug *d)
{
    const struct line_module *module;
    char path[PATH_MAX];
    struct line_options o = { .name = "mews", .complete = complete, .ctx = d };
    struct err e;

    d->asked = true;
    if (!isatty(0) || !isatty(1) || line_module(&module, &e))
        return;
    if (history_path(path))
        o.history = path;
    if (!module->open(&o, &d->editor, &e))
        d->module = module;
}

const char *mews_debug_read(struct mews_debug *d, const char *prompt, bool *interrupted)
{
    ssize_t len;

    if (!d->asked)
        open_editor(d);
    if (d->module)
        return d->module->read(d->editor, prompt, interrupted);
    if (isatty(0)) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    errno = 0;
    len = getline(&d->line, &d->line_room, stdin);
    *interrupted = len < 0 && errno == EINTR;
    if (*interrupted)
        clearerr(stdin);
    if (len > 0 && d->line[len - 1] == '\n')
        d->line[len - 1] = 0;
    return len < 0 ? NULL : d->line;
}
