/* The console's words that change something: the machine, or the session. */
#include "svc/debug/console_parts.h"

#include "base/file.h"
#include "svc/debug/tracer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the machine ---- */

/* "[ADDR]" or "*ADDR"; NULL: neither. */
static char *memory_target(char *text)
{
    size_t len = strlen(text);

    if (*text == '*')
        return text + 1;
    if (*text != '[' || text[len - 1] != ']')
        return NULL;
    text[len - 1] = 0;
    return text + 1;
}

static void trim(char *text)
{
    size_t len = strlen(text);

    while (len && strchr(" \t", text[len - 1]))
        text[--len] = 0;
}

static int poke(struct debug_console *c, u64 addr, u64 value, struct err *e)
{
    u8 b = (u8)value;

    if (value > 0xff)
        return err_set(e, ERR_USAGE, "%llu does not fit in a byte", (unsigned long long)value);
    return debug_poke(c->debug, addr, &b, 1, e);
}

static int run_set(struct debug_console *c, char *args, struct err *e)
{
    char *equals = strchr(args, '='), *target, *value, *memory;
    struct component *root = &c->machine->root;
    struct field_ref ref;
    u64 addr, v;

    if (!equals)
        return err_set(e, ERR_USAGE, "want set FIELD=VALUE or set [ADDR]=VALUE");
    *equals = 0;
    target = args;
    trim(target);
    value = equals + 1 + strspn(equals + 1, " \t");
    memory = memory_target(target);
    if (memory)
        return console_number(c, memory, true, &addr, e) ||
                       console_number(c, value, false, &v, e) || poke(c, addr, v, e)
                   ? -(int)e->code
                   : 0;
    if (component_field(root, target, &ref, NULL)) {
        char text[32];
        struct err other;

        /* A value of the field's own words; else whatever can be calculated. */
        if (!field_parse(&ref, value, &v, e))
            return debug_set(c->debug, target, value, e);
        if (console_number(c, value, false, &v, &other))
            return -(int)e->code;
        snprintf(text, sizeof text, "%llu", (unsigned long long)v);
        return debug_set(c->debug, target, text, e);
    }
    if (console_number(c, value, false, &v, e))
        return -(int)e->code;
    if (debug_register(c->debug, target, strlen(target), &ref))
        return debug_set_register(c->debug, target, v, e);
    return err_set(e, ERR_USAGE, "%.60s: no such field or register", target);
}

static int run_poke(struct debug_console *c, char *args, struct err *e)
{
    struct location l;
    u64 v;

    if (console_location(c, &args, &l, e) || console_number(c, args, true, &v, e))
        return -(int)e->code;
    if (l.domain)
        return err_set(e, ERR_NOTSUP, "only memory that the processor sees can be written");
    return poke(c, l.first, v, e);
}

static int run_jump(struct debug_console *c, char *args, struct err *e)
{
    const char *registers = debug_cpu(c->debug)->registers;
    struct debug_stop s = { .why = DEBUG_STEPPED };
    struct location l;
    char pc[32];

    if (console_location(c, &args, &l, e))
        return -(int)e->code;
    snprintf(pc, sizeof pc, "%.*s", (int)strcspn(registers, " "), registers);
    if (debug_set_register(c->debug, pc, l.first, e))
        return -(int)e->code;
    console_stopped(c, &s, false);
    return 0;
}

static int run_irq(struct debug_console *c, char *args, struct err *e)
{
    (void)args;
    return debug_interrupt(c->debug, "irq", e);
}

static int run_nmi(struct debug_console *c, char *args, struct err *e)
{
    (void)args;
    return debug_interrupt(c->debug, "nmi", e);
}

static int run_reset(struct debug_console *c, char *args, struct err *e)
{
    struct debug_stop s = { .why = DEBUG_STEPPED };

    (void)args;
    if (debug_reset(c->debug, e))
        return -(int)e->code;
    console_stopped(c, &s, false);
    return 0;
}

/* ---- trace events ---- */

static void on_event(void *ctx, const struct trace_record *r)
{
    struct debug_console *c = ctx;
    char line[TRACE_LINE];

    if (!trace_filter_takes(c->filter, r))
        return;
    c->events++;
    if (c->o.json) {
        console_emit(c, trace_json(c->machine, r));
    } else {
        trace_text(c->machine, r, line);
        console_say(c, "%s\n", line);
    }
}

static int run_trace(struct debug_console *c, char *args, struct err *e)
{
    struct trace_filter f;

    if (!*args) {
        for (unsigned i = 0; i < c->machine->trace_event_count; i++)
            console_say(c, "%-14s %s\n", c->machine->trace_events[i].name,
                        c->machine->trace_events[i].doc);
        return 0;
    }
    if (!strcmp(args, "off")) {
        machine_unlisten(c->machine, &c->listener);
        free(c->filter);
        c->filter = NULL;
        return 0;
    }
    if (trace_filter_parse(c->machine, args, &f, e))
        return -(int)e->code;
    if (!c->filter && !(c->filter = malloc(sizeof *c->filter)))
        return err_set(e, ERR_NOMEM, "no memory to trace");
    *c->filter = f;
    machine_unlisten(c->machine, &c->listener);
    c->listener = (struct listener) { .mask = f.mask, .told = on_event, .ctx = c };
    machine_listen(c->machine, &c->listener);
    return 0;
}

/* ---- the session ---- */

static int run_symbols(struct debug_console *c, char *args, struct err *e)
{
    const struct symbols *s = debug_symbols(c->debug);

    if (*args && console_asks(c, json_pack("{s:s, s:s}", "ask", "symbols", "path", args)))
        return 0;
    if (*args && debug_console_symbols(c, args, e))
        return -(int)e->code;
    console_say(c, "%zu symbols, %zu pieces of code with their source lines\n", s->count,
                s->line_count);
    console_put(c, "symbols", json_integer((json_int_t)s->count));
    console_put(c, "lines", json_integer((json_int_t)s->line_count));
    return 0;
}

/* Commands from a file, until one fails: that ends all that are under way. */
static int run_source(struct debug_console *c, char *args, struct err *e)
{
    size_t len;
    u8 *text;
    int r = 0;
    unsigned number = 1;

    if (console_asks(c, json_pack("{s:s, s:s}", "ask", "source", "path", args)))
        return 0;
    if (c->depth == SOURCE_DEPTH)
        return err_set(e, ERR_LIMIT, "%.60s: scripts in scripts in scripts", args);
    if (console_files(c, e) || file_read(args, 1 << 20, &text, &len, e))
        return -(int)e->code;
    c->depth++;
    for (char *rest = (char *)text, *line; !r && !c->ended && (line = strsep(&rest, "\n"));
         number++)
        if (line[strspn(line, " \t\r")] && (r = debug_console_run(c, line, e)))
            err_wrap(e, "%.60s:%u", args, number);
    c->depth--;
    free(text);
    return r;
}

static int run_echo(struct debug_console *c, char *args, struct err *e)
{
    (void)e;
    console_say(c, "%s\n", args);
    console_put(c, "echo", json_string(args));
    return 0;
}

static int run_quit(struct debug_console *c, char *args, struct err *e)
{
    (void)args;
    (void)e;
    c->ended = true;
    return 0;
}

static void say_help(struct debug_console *c, const char *words, const char *arguments,
                     const char *doc)
{
    char left[80];

    snprintf(left, sizeof left, "%.*s %s", (int)strcspn(words, " "), words, arguments);
    console_say(c, "  %-38s %s\n", left, doc);
}

static int run_help(struct debug_console *c, char *args, struct err *e)
{
    const char *words, *arguments, *doc;
    json_t *list = json_array();

    for (unsigned i = 0; debug_console_command(i, &words, &arguments, &doc); i++) {
        if (*args && !field_word(words, args))
            continue;
        say_help(c, words, arguments, doc);
        if (*args)
            console_say(c, "  also: %s\n", words);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "words", words, "arguments", arguments, "doc", doc));
    }
    if (*args && !json_array_size(list)) {
        json_decref(list);
        return err_set(e, ERR_USAGE, "%.40s: no such command", args);
    }
    if (!*args)
        console_say(c,
                    "A PLACE is an address (bare digits are hexadecimal), a symbol, FILE:LINE, or "
                    "ppu:ADDR where the machine has a bus of that name.\n");
    console_put(c, "commands", list);
    return 0;
}

/* The other course shell's words, for machines that run classes. */
static int run_classes(struct debug_console *c, char *args, struct err *e)
{
    (void)args;
    return err_set(e, ERR_NOTSUP, "a machine of kind %s has no classes, methods and locals",
                   c->machine->kind->name);
}

const struct console_command console_state_commands[] = {
    { "set", "FIELD=VALUE | [ADDR]=VALUE", "change a field, a register or a byte", run_set,
      REPEAT_NO },
    { "poke po", "PLACE BYTE", "write a byte, both in hexadecimal", run_poke, REPEAT_NO },
    { "jump j", "PLACE", "go on from there", run_jump, REPEAT_NO },
    { "irq", "", "raise an interrupt", run_irq, REPEAT_NO },
    { "nmi", "", "raise a non-maskable interrupt", run_nmi, REPEAT_NO },
    { "reset", "", "press the reset button", run_reset, REPEAT_NO },
    { "trace", "[EVENT[@FIRST[-LAST]],... | off]",
      "tell of events while the machine runs; without one, their names", run_trace, REPEAT_NO },
    { "symbols", "[FILE]", "read symbols (.dbg, labels)", run_symbols, REPEAT_NO },
    { "source", "FILE", "commands from a file", run_source, REPEAT_NO },
    { "echo", "TEXT", "say it", run_echo, REPEAT_NO },
    { "help h ?", "[COMMAND]", "this list", run_help, REPEAT_NO },
    { "quit q exit", "", "leave", run_quit, REPEAT_NO },
    { "locals class classes methods fields throw", "", "words for machines that run classes",
      run_classes, REPEAT_NO },
    { NULL, NULL, NULL, NULL, REPEAT_NO },
};
