#include "svc/debug/session.h"

#include "base/json_bytes.h"
#include "svc/debug/console.h"

#include <stdlib.h>
#include <string.h>

enum {
    SAID_BYTES = 16 << 10,   /* so much is told at once */
    UNTAKEN_MAX = 512 << 10, /* that the client has not taken: then a command waits */
    WORDS_MAX = 4096,        /* of a completion */
    SYMBOLS_MAX = 1 << 20,   /* of a session */
    LINES_MAX = 4 << 20,
    FILES_MAX = 1 << 16,
    NAME_MAX_BYTES = 4096, /* of a symbol or a file */
    METHODS = 5,
    URGENT = 2
};

struct debug_session {
    struct machine *machine;
    struct recorder *recorder;
    const struct debug_session_host *host; /* borrowed */
    struct debug_host run;
    u64 client; /* 0: nobody has it */
    struct debug *debug;
    struct debug_console *console;
    const struct debug_session_face *face; /* borrowed; NULL: the methods here */
    bool busy, interrupted, leaves, lent;
    char *said; /* SAID_BYTES and more */
    size_t said_bytes, said_room;
    json_t *ask;
    struct method methods[METHODS], urgent[URGENT];
};

/* ---- what is said ---- */

static void tell(struct debug_session *s)
{
    const struct debug_teller *t = &s->host->teller;
    json_t *params = json_object();

    if (s->said_bytes && params) {
        json_bytes_add(params, s->said, s->said_bytes);
        t->tell(t->ctx, s->client, "debug.said", params);
    } else {
        json_decref(params);
    }
    s->said_bytes = 0;
    while (!s->interrupted && t->untaken(t->ctx, s->client) > UNTAKEN_MAX)
        if (s->host->rest(s->host->ctx))
            s->interrupted = true;
    if (s->interrupted) /* the run that says it is to end too */
        s->machine->kind->kick(s->machine);
}

static void say(void *ctx, const char *text)
{
    struct debug_session *s = ctx;
    size_t len = strlen(text);

    if (s->said_bytes + len > s->said_room) {
        size_t room = s->said_bytes + len + SAID_BYTES;
        char *more = realloc(s->said, room);

        if (!more)
            return;
        s->said = more;
        s->said_room = room;
    }
    memcpy(s->said + s->said_bytes, text, len);
    s->said_bytes += len;
    if (s->said_bytes >= SAID_BYTES)
        tell(s);
}

static void ask(void *ctx, json_t *what)
{
    struct debug_session *s = ctx;

    json_decref(s->ask);
    s->ask = what;
}

/* ---- running ---- */

static void listen_to_face(struct debug_session *s)
{
    if (s->face && s->face->interrupts(s->face->ctx))
        s->interrupted = true;
}

static u64 piece(void *ctx, u64 until)
{
    struct debug_session *s = ctx;

    listen_to_face(s);
    if (!s->lent) {
        s->lent = true;
        s->host->hold(s->host->ctx, s->client, true);
    }
    return s->interrupted ? 0 : s->host->piece(s->host->ctx, until);
}

static void ran(void *ctx, const struct stop_info *info)
{
    struct debug_session *s = ctx;

    if (s->said_bytes)
        tell(s);
    s->host->ran(s->host->ctx, info);
}

static bool kicked(void *ctx, bool searching)
{
    struct debug_session *s = ctx;

    if (s->host->serve(s->host->ctx, searching))
        s->interrupted = true;
    listen_to_face(s);
    return s->interrupted;
}

bool debug_session_interrupted(const struct debug_session *s)
{
    return s->interrupted;
}

/* ---- beginning and end ---- */

/* `machine`: it is still there, and to go on. */
static void end(struct debug_session *s, bool machine)
{
    const struct debug_session_face *face = s->face;

    if (!s->client)
        return;
    s->face = NULL;
    if (face)
        face->ended(face->ctx);
    debug_console_destroy(s->console);
    debug_destroy(s->debug);
    s->console = NULL;
    s->debug = NULL;
    s->client = 0;
    s->leaves = false;
    if (machine)
        s->host->release(s->host->ctx);
    s->host->hold(s->host->ctx, 0, false);
}

static int begin(struct debug_session *s, u64 client, size_t memory, struct err *why, struct err *e)
{
    struct history *history = NULL;

    why->code = ERR_OK;
    s->client = client;
    s->host->hold(s->host->ctx, client, false);
    s->host->remember(s->host->ctx, memory, &history, why);
    if (debug_create(s->machine, s->recorder, history, &s->debug, e)) {
        end(s, true);
        return -(int)e->code;
    }
    debug_on_host(s->debug, &s->run);
    return 0;
}

static int must_be_free(const struct debug_session *s, u64 client, struct err *e)
{
    if (!s->client)
        return 0;
    return err_set(e, ERR_STATE,
                   s->client == client ? "you have its debugger already"
                                       : "somebody else has its debugger");
}

int debug_session_take(struct debug_session *s, const struct debug_session_face *f, u64 client,
                       size_t memory, struct debug **out, struct err *why, struct err *e)
{
    if (must_be_free(s, client, e) || begin(s, client, memory, why, e))
        return -(int)e->code;
    s->face = f;
    *out = s->debug;
    return 0;
}

static int call_attach(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;
    json_t *memory = json_object_get(c->params, "rewind_memory");
    json_int_t bytes = json_integer_value(memory);
    struct debug_console_options o = { .json = json_is_true(json_object_get(c->params, "json")),
                                       .no_files = true,
                                       .ask = ask,
                                       .say = say,
                                       .ctx = s };
    struct err why;

    if (memory && (!json_is_integer(memory) || bytes < 0))
        return err_set(e, ERR_USAGE,
                       "debug.attach wants {\"json\": ..., \"rewind_memory\": BYTES}");
    if (must_be_free(s, c->client, e) || begin(s, c->client, (size_t)bytes, &why, e))
        return -(int)e->code;
    if (debug_console_create(s->debug, &o, &s->console, e)) {
        end(s, true);
        return -(int)e->code;
    }
    c->result = json_pack("{s:b}", "past", debug_history(s->debug) != NULL);
    if (why.code)
        json_object_set_new(c->result, "why", json_string(why.text));
    return 0;
}

/* Whether the caller has it; and may use it now, when it is to be `free`. */
static int must_have(const struct debug_session *s, const struct method_call *c, bool idle,
                     struct err *e)
{
    if (!s->client || s->client != c->client || s->face)
        return err_set(e, ERR_STATE, "debug.attach comes first");
    return idle && s->busy ? err_set(e, ERR_STATE, "a command is under way") : 0;
}

static int call_detach(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;

    if (must_have(s, c, false, e))
        return -(int)e->code;
    debug_session_gone(s, c->client);
    return 0;
}

void debug_session_interrupt(struct debug_session *s)
{
    s->interrupted = s->busy;
}

static int call_interrupt(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;

    if (must_have(s, c, false, e))
        return -(int)e->code;
    debug_session_interrupt(s);
    return 0;
}

void debug_session_gone(struct debug_session *s, u64 client)
{
    if (!client || s->client != client)
        return;
    if (s->busy)
        s->leaves = s->interrupted = true;
    else
        end(s, true);
}

/* ---- commands ---- */

/* What was said and not told yet, to the answer. */
static void put_said(struct debug_session *s, json_t *result)
{
    json_t *said = json_object();

    json_bytes_add(said, s->said ? s->said : "", s->said_bytes);
    json_object_set_new(result, "said", said);
    s->said_bytes = 0;
}

void debug_session_enter(struct debug_session *s)
{
    s->busy = true;
    s->interrupted = s->lent = false;
    s->said_bytes = 0;
}

void debug_session_leave(struct debug_session *s)
{
    if (s->lent)
        s->host->hold(s->host->ctx, s->client, false);
    s->host->ran(s->host->ctx, &(struct stop_info) { .why = STOP_TIME });
    s->busy = s->interrupted = false;
    if (s->leaves)
        end(s, true);
}

static int call_command(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;
    const char *line = json_string_value(json_object_get(c->params, "line"));
    int r;

    if (must_have(s, c, true, e))
        return -(int)e->code;
    if (!line)
        return err_set(e, ERR_USAGE, "debug.command wants {\"line\": TEXT}");
    debug_session_enter(s);
    r = debug_console_run(s->console, line, e);
    if (r) {
        tell(s);
    } else {
        c->result = json_pack("{s:b, s:o*}", "ended", debug_console_ended(s->console), "ask",
                              s->ask);
        put_said(s, c->result);
        s->ask = NULL;
    }
    json_decref(s->ask);
    s->ask = NULL;
    debug_session_leave(s);
    return r;
}

static int call_greet(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;

    if (must_have(s, c, true, e))
        return -(int)e->code;
    debug_session_enter(s);
    debug_console_greet(s->console);
    c->result = json_object();
    put_said(s, c->result);
    debug_session_leave(s);
    return 0;
}

static void add_word(void *ctx, const char *word)
{
    if (json_array_size(ctx) < WORDS_MAX)
        json_array_append_new(ctx, json_string(word));
}

static int call_complete(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;
    const char *line = json_string_value(json_object_get(c->params, "line"));
    json_t *words;

    if (must_have(s, c, true, e))
        return -(int)e->code;
    if (!line)
        return err_set(e, ERR_USAGE, "debug.complete wants {\"line\": TEXT}");
    words = json_array();
    debug_console_complete(s->console, line, add_word, words);
    c->result = json_pack("{s:o}", "words", words);
    return 0;
}

/* ---- symbols, which the client has read ---- */

static bool is_name(const json_t *j)
{
    size_t len = json_string_length(j);

    return json_is_string(j) && len && len <= NAME_MAX_BYTES;
}

/* [name, value, whether it is an address] */
static bool is_symbol(const json_t *j)
{
    return json_array_size(j) == 3 && is_name(json_array_get(j, 0)) &&
           json_is_integer(json_array_get(j, 1)) && json_is_boolean(json_array_get(j, 2));
}

/* [first address, bytes, file's index, line, whether it is of a compiled language] */
static bool is_line(const json_t *j, size_t files)
{
    json_int_t file = json_integer_value(json_array_get(j, 2));
    json_int_t line = json_integer_value(json_array_get(j, 3));

    for (unsigned i = 0; i < 4; i++)
        if (!json_is_integer(json_array_get(j, i)))
            return false;
    return json_array_size(j) == 5 && file >= 0 && (u64)file < files && line >= 0 &&
           line <= UINT32_MAX && json_is_boolean(json_array_get(j, 4));
}

/* All of it, before any is added. */
static int check_symbols(const struct symbols *to, json_t *symbols, json_t *files, json_t *lines,
                         struct err *e)
{
    size_t file_count = to->file_count + json_array_size(files), i;
    bool good = (!symbols || json_is_array(symbols)) && (!files || json_is_array(files)) &&
                (!lines || json_is_array(lines));
    json_t *j;

    json_array_foreach(symbols, i, j) good &= is_symbol(j);
    json_array_foreach(files, i, j) good &= is_name(j);
    json_array_foreach(lines, i, j) good &= is_line(j, file_count);
    if (!good)
        return err_set(e, ERR_USAGE,
                       "debug.symbols wants {\"symbols\": [[NAME, VALUE, ADDRESS?]...], \"files\": "
                       "[NAME...], \"lines\": [[FIRST, BYTES, FILE, LINE, HIGH?]...]}");
    if (to->count + json_array_size(symbols) > SYMBOLS_MAX || file_count > FILES_MAX ||
        to->line_count + json_array_size(lines) > LINES_MAX)
        return err_set(e, ERR_LIMIT, "more symbols than a session may have (%d, and %d lines)",
                       SYMBOLS_MAX, LINES_MAX);
    return 0;
}

static u64 number_at(const json_t *list, size_t i)
{
    return (u64)json_integer_value(json_array_get(list, i));
}

static bool add_symbols(struct symbols *to, json_t *symbols, json_t *files, json_t *lines)
{
    bool room = true;
    json_t *j;
    size_t i;

    json_array_foreach(files, i, j)
        room &= symbols_add_file(to, json_string_value(j), json_string_length(j));
    json_array_foreach(symbols, i, j)
    {
        const json_t *name = json_array_get(j, 0);

        room &= symbols_add(to, json_string_value(name), json_string_length(name), number_at(j, 1),
                            json_is_true(json_array_get(j, 2)));
    }
    json_array_foreach(lines, i, j)
        room = room &&
               symbols_add_line(to, &(struct symbol_line) {
                                        number_at(j, 0), number_at(j, 1), (u32)number_at(j, 2),
                                        (u32)number_at(j, 3), json_is_true(json_array_get(j, 4)) });
    return room;
}

static int call_symbols(void *ctx, struct method_call *c, struct err *e)
{
    struct debug_session *s = ctx;
    json_t *symbols = json_object_get(c->params, "symbols");
    json_t *files = json_object_get(c->params, "files");
    json_t *lines = json_object_get(c->params, "lines");
    struct symbols *to;

    if (must_have(s, c, true, e))
        return -(int)e->code;
    to = debug_symbols(s->debug);
    if (check_symbols(to, symbols, files, lines, e))
        return -(int)e->code;
    if (!add_symbols(to, symbols, files, lines))
        return err_set(e, ERR_NOMEM, "no memory for symbols");
    if (!json_is_true(json_object_get(c->params, "more")))
        symbols_sort(to);
    c->result = json_pack("{s:I, s:I}", "symbols", (json_int_t)to->count, "lines",
                          (json_int_t)to->line_count);
    return 0;
}

/* ---- life ---- */

int debug_session_create(struct machine *m, struct recorder *r, const struct debug_session_host *h,
                         struct debug_session **out, struct err *e)
{
    struct debug_session *s = calloc(1, sizeof *s);

    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for a debugger");
    *s = (struct debug_session) {
        .machine = m,
        .recorder = r,
        .host = h,
        .run = { piece, ran, kicked, s },
        .methods = { { "debug.attach", "{json, rewind_memory}: the machine is the caller's",
                       call_attach, s, false },
                     { "debug.command", "{line}: a line for the debugger", call_command, s, false },
                     { "debug.greet", "where the machine is", call_greet, s, false },
                     { "debug.complete", "{line}: what its last word can become", call_complete, s,
                       false },
                     { "debug.symbols", "{symbols, files, lines}: more of them", call_symbols, s,
                       false } },
        .urgent = { { "debug.interrupt", "ends the command that is under way", call_interrupt, s,
                      false },
                    { "debug.detach", "the machine goes on", call_detach, s, false } },
    };
    *out = s;
    return 0;
}

void debug_session_destroy(struct debug_session *s)
{
    if (!s)
        return;
    end(s, true);
    free(s->said);
    free(s);
}

const struct method *debug_session_methods(struct debug_session *s, unsigned *count)
{
    *count = METHODS;
    return s->methods;
}

const struct method *debug_session_urgent(struct debug_session *s, unsigned *count)
{
    *count = URGENT;
    return s->urgent;
}

void debug_session_move(struct debug_session *s, struct machine *m, struct recorder *r)
{
    if (!m)
        end(s, false);
    s->machine = m;
    s->recorder = r;
}
