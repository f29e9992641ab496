/* The console's words for breakpoints, watchpoints and tracepoints. */
#include "svc/debug/console_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

/* Cuts " if CONDITION" off; NULL: there is none. */
static char *cut_condition(char *args)
{
    char *at = !strncmp(args, "if ", 3) ? args : strstr(args, " if ");

    if (!at)
        return NULL;
    *at = 0;
    at += at == args ? 3 : 4;
    return at + strspn(at, " \t");
}

static int set_condition(struct debug_console *c, struct debug_point *p, const char *text,
                         struct err *e)
{
    struct expr *x = NULL;

    if (text && expr_parse(debug_scope(c->debug), text, false, NULL, &x, e))
        return err_wrap(e, "the condition");
    expr_destroy(p->condition);
    p->condition = x;
    snprintf(p->if_text, sizeof p->if_text, "%s", text ? text : "");
    return 0;
}

static const char *kind_name(const struct debug_point *p)
{
    if (p->kind == DEBUG_TRACE)
        return "tracepoint";
    return p->kind == DEBUG_WATCH ? "watchpoint"
           : p->temporary         ? "temporary breakpoint"
                                  : "breakpoint";
}

static const char *what_name(const struct debug_point *p)
{
    switch (p->watch.what) {
    case WATCH_READ: return "read";
    case WATCH_WRITE: return p->changes ? "change" : "write";
    case WATCH_READ | WATCH_WRITE: return "access";
    case WATCH_POSITION: return "position";
    default: return "execute";
    }
}

static json_t *point_json(struct debug_console *c, const struct debug_point *p)
{
    json_t *j = json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:b, s:I}", "point", (json_int_t)p->id,
                          "kind", kind_name(p), "what", what_name(p), "text", p->text, "first",
                          (json_int_t)p->watch.first, "last", (json_int_t)p->watch.last, "enabled",
                          p->enabled, "hits", (json_int_t)p->hits);

    if (p->watch.domain)
        json_object_set_new(j, "domain",
                            json_string(c->machine->domains[p->watch.domain - 1].name));
    if (p->if_text[0])
        json_object_set_new(j, "if", json_string(p->if_text));
    return j;
}

static int add(struct debug_console *c, struct debug_point *p, char *args, struct err *e)
{
    char typed[LINE_BYTES], *condition = cut_condition(args), *rest = args;
    struct location l;
    char addr[24], symbol[200];

    snprintf(typed, sizeof typed, "%s", args);
    if (!*args && p->watch.what == WATCH_EXECUTE) { /* here */
        l = (struct location) { .first = debug_pc(c->debug), .last = debug_pc(c->debug) };
        snprintf(typed, sizeof typed, "%s", console_address(c, l.first, addr));
    } else if (console_location(c, &rest, &l, e)) {
        return -(int)e->code;
    }
    if (rest[strspn(rest, " \t")])
        return err_set(e, ERR_USAGE, "'%.60s': more than a place (a condition begins with if)",
                       rest);
    p->enabled = true;
    p->watch.domain = l.domain;
    p->watch.first = l.first;
    p->watch.last = l.last;
    if (l.position)
        p->watch.what = WATCH_POSITION;
    snprintf(p->text, sizeof p->text, "%.127s", typed);
    if (set_condition(c, p, condition, e))
        return -(int)e->code;
    if (debug_point_add(c->debug, p, e)) {
        expr_destroy(p->condition);
        return -(int)e->code;
    }
    if (p->watch.what == WATCH_EXECUTE && !l.domain)
        console_say(c, "%s %u at %s%s\n", kind_name(p), p->id, console_address(c, l.first, addr),
                    console_symbol(c, l.first, symbol));
    else
        console_say(c, "%s %u: %s %s\n", kind_name(p), p->id, what_name(p), p->text);
    if (c->result) {
        json_t *j = point_json(c, p);

        json_object_update(c->result, j);
        json_decref(j);
    }
    return 0;
}

static int run_break(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_BREAK, .watch.what = WATCH_EXECUTE };

    return add(c, &p, args, e);
}

static int run_tbreak(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_BREAK, .temporary = true, .watch.what = WATCH_EXECUTE };

    return add(c, &p, args, e);
}

/* jdb's "stop in CLASS.METHOD", "stop at PLACE". */
static int run_stop(struct debug_console *c, char *args, struct err *e)
{
    const char *word = console_word(&args);

    if (!word || (strcmp(word, "in") != 0 && strcmp(word, "at") != 0))
        return err_set(e, ERR_USAGE, "want stop in NAME");
    return run_break(c, args, e);
}

static int run_watch(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_WATCH, .changes = true, .watch.what = WATCH_WRITE };

    return add(c, &p, args, e);
}

static int run_wwatch(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_WATCH, .watch.what = WATCH_WRITE };

    return add(c, &p, args, e);
}

static int run_rwatch(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_WATCH, .watch.what = WATCH_READ };

    return add(c, &p, args, e);
}

static int run_awatch(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_WATCH, .watch.what = WATCH_READ | WATCH_WRITE };

    return add(c, &p, args, e);
}

static int run_tracepoint(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point p = { .kind = DEBUG_TRACE, .watch.what = WATCH_EXECUTE };
    char *rest = args, *word;

    if (!strncmp(args, "write ", 6) || !strncmp(args, "read ", 5)) {
        word = console_word(&rest);
        p.watch.what = *word == 'w' ? WATCH_WRITE : WATCH_READ;
        args = rest;
    }
    return add(c, &p, args, e);
}

/* ---- looking after them ---- */

static int run_list(struct debug_console *c, char *args, struct err *e)
{
    json_t *list = json_array();
    const struct debug_point *p;

    (void)args;
    (void)e;
    for (unsigned i = 0; (p = debug_point_at(c->debug, i)); i++) {
        console_say(c, "%-3u %-10s %-8s %s%s%s  (%llu hits%s)\n", p->id,
                    p->kind == DEBUG_TRACE   ? "trace"
                    : p->kind == DEBUG_WATCH ? "watch"
                                             : "break",
                    what_name(p), p->text, p->if_text[0] ? " if " : "", p->if_text,
                    (unsigned long long)p->hits, p->enabled ? "" : ", off");
        json_array_append_new(list, point_json(c, p));
    }
    if (!debug_point_at(c->debug, 0))
        console_say(c, "none\n");
    console_put(c, "points", list);
    return 0;
}

static int find_point(struct debug_console *c, const char *word, struct debug_point **out,
                      struct err *e)
{
    char *end;
    unsigned long id = word ? strtoul(word, &end, 10) : 0;
    struct debug_point *p = word && !*end ? debug_point(c->debug, (unsigned)id) : NULL;

    if (!p)
        return err_set(e, ERR_USAGE, "there is no point %.40s (see breaks)", word ? word : "");
    *out = p;
    return 0;
}

static int run_delete(struct debug_console *c, char *args, struct err *e)
{
    struct debug_point *p;
    char *word;

    if (!*args)
        debug_point_remove_all(c->debug);
    while ((word = console_word(&args))) {
        if (find_point(c, word, &p, e))
            return -(int)e->code;
        debug_point_remove(c->debug, p->id);
    }
    return 0;
}

/* The course's: by address. */
static int run_remove_at(struct debug_console *c, char *args, struct err *e)
{
    const struct debug_point *p;
    struct location l;
    unsigned removed = 0;

    if (!*args)
        l = (struct location) { .first = debug_pc(c->debug) };
    else if (console_location(c, &args, &l, e))
        return -(int)e->code;
    for (unsigned i = 0; (p = debug_point_at(c->debug, i));) {
        if (p->kind == DEBUG_BREAK && p->watch.domain == l.domain && p->watch.first == l.first) {
            debug_point_remove(c->debug, p->id);
            removed++;
        } else {
            i++;
        }
    }
    return removed ? 0 : err_set(e, ERR_USAGE, "there is no breakpoint there");
}

static int switch_point(struct debug_console *c, char *args, bool on, struct err *e)
{
    struct debug_point *p;
    char *word = console_word(&args);

    do {
        if (find_point(c, word, &p, e))
            return -(int)e->code;
        p->enabled = on;
    } while ((word = console_word(&args)));
    return 0;
}

static int run_enable(struct debug_console *c, char *args, struct err *e)
{
    return switch_point(c, args, true, e);
}

static int run_disable(struct debug_console *c, char *args, struct err *e)
{
    return switch_point(c, args, false, e);
}

static int run_condition(struct debug_console *c, char *args, struct err *e)
{
    char *word = console_word(&args);
    struct debug_point *p;

    args += strspn(args, " \t");
    return find_point(c, word, &p, e) || set_condition(c, p, *args ? args : NULL, e) ? -(int)e->code
                                                                                     : 0;
}

static int run_ignore(struct debug_console *c, char *args, struct err *e)
{
    char *word = console_word(&args);
    struct debug_point *p;
    u64 n;

    if (find_point(c, word, &p, e) || console_number(c, args, false, &n, e))
        return -(int)e->code;
    p->ignore = n;
    return 0;
}

const struct console_command console_point_commands[] = {
    { "break b", "[PLACE] [if EXPR]", "stop before an instruction, or at a position (ppu 241/1)",
      run_break, REPEAT_NO },
    { "tbreak tb", "[PLACE] [if EXPR]", "the same, once", run_tbreak, REPEAT_NO },
    { "stop", "in NAME", "the same as break", run_stop, REPEAT_NO },
    { "watch w", "PLACE [if EXPR]", "stop after a write that changes a byte", run_watch,
      REPEAT_NO },
    { "wwatch ww", "PLACE [if EXPR]", "stop after any write", run_wwatch, REPEAT_NO },
    { "rwatch rw", "PLACE [if EXPR]", "stop after a read", run_rwatch, REPEAT_NO },
    { "awatch aw", "PLACE [if EXPR]", "stop after either", run_awatch, REPEAT_NO },
    { "tracepoint tp", "[read|write] PLACE [if EXPR]", "tell of it, and run on", run_tracepoint,
      REPEAT_NO },
    { "breaks break-list b-list points", "", "list all points", run_list, REPEAT_NO },
    { "delete d remove", "[ID...]", "remove points; without one, all", run_delete, REPEAT_NO },
    { "break-rm b-rm clear", "[PLACE]", "remove the breakpoint at a place", run_remove_at,
      REPEAT_NO },
    { "enable", "ID...", "a point counts again", run_enable, REPEAT_NO },
    { "disable", "ID...", "a point does not count", run_disable, REPEAT_NO },
    { "condition", "ID [EXPR]", "a point counts only if", run_condition, REPEAT_NO },
    { "ignore", "ID N", "its next N hits do not stop", run_ignore, REPEAT_NO },
    { NULL, NULL, NULL, NULL, REPEAT_NO },
};
