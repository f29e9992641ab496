/* The console's words for looking: registers, memory, instructions, sources, values, views. */
#include "svc/debug/console_parts.h"

#include "svc/debug/sources.h"
#include "svc/debug/viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- instructions ---- */

enum { INSTRUCTION_BYTES = 16 };

size_t console_instruction(struct debug_console *c, u64 addr, json_t *list)
{
    const struct kind *k = c->machine->kind;
    char text[80] = "", bytes[3 * INSTRUCTION_BYTES + 1] = "", at[24], symbol[200];
    size_t len = k->disassemble ? k->disassemble(debug_cpu(c->debug), addr, text, sizeof text) : 0;
    u8 b[INSTRUCTION_BYTES];

    if (len > sizeof b || !console_peek(c, 0, addr, b, len))
        len = 0;
    for (size_t i = 0; i < len; i++)
        snprintf(bytes + 3 * i, 4, "%02X ", b[i]);
    if (list && len) {
        json_t *j = console_place(c, addr);

        json_object_set_new(j, "bytes", json_integer((json_int_t)len));
        json_object_set_new(j, "text", json_string(text));
        json_array_append_new(list, j);
    }
    console_say(c, "%s %s  %-9s %-16s%s\n", addr == debug_pc(c->debug) ? ">" : " ",
                console_address(c, addr, at), bytes, len ? text : "?",
                console_symbol(c, addr, symbol));
    return len;
}

/* A symbol that begins here gets a line of its own. */
static void say_label(struct debug_console *c, u64 addr)
{
    const struct symbol *s = symbols_near(debug_symbols(c->debug), addr);

    if (s && s->value == addr)
        console_say(c, "%s:\n", s->name);
}

static int disassemble(struct debug_console *c, u64 addr, u64 count, struct err *e)
{
    json_t *list = json_array();

    for (u64 i = 0; i < count; i++) {
        size_t len;

        say_label(c, addr);
        len = console_instruction(c, addr, list);
        if (!len && !i) {
            json_decref(list);
            return err_set(e, ERR_USAGE, "there is no instruction at $%llx",
                           (unsigned long long)addr);
        }
        if (!len)
            break;
        addr += len;
    }
    c->next_dis = addr;
    c->has_dis = true;
    console_put(c, "instructions", list);
    return 0;
}

static int run_disassemble(struct debug_console *c, char *args, struct err *e)
{
    u64 count = 10;
    struct location l = { .first = c->has_dis ? c->next_dis : debug_pc(c->debug) };

    if (*args && (console_location(c, &args, &l, e) || console_count(c, args, count, &count, e)))
        return -(int)e->code;
    if (l.domain)
        return err_set(e, ERR_USAGE, "there are no instructions there");
    return disassemble(c, l.first, count < 10000 ? count : 10000, e);
}

/* ---- values ---- */

struct fields_walk {
    struct debug_console *c;
    const char *only; /* a component's path; NULL: all */
    bool values;
    json_t *into;
};

static void say_scalar(struct fields_walk *w, const char *path, const struct field_ref *ref)
{
    char value[80];

    field_text(ref, value, sizeof value);
    if (ref->field->type == FIELD_ENUM || ref->field->type == FIELD_bool)
        console_say(w->c, "%s = %s\n", path, value);
    else
        console_say(
            w->c, "%s = %s ($%0*llX)\n", path, value, (int)ref->field->size * 2,
            (unsigned long long)(field_get(ref) & (UINT64_MAX >> (64 - 8 * ref->field->size))));
    if (w->into)
        json_object_set_new(w->into, path,
                            ref->field->type == FIELD_ENUM
                                ? json_string(value)
                                : json_integer((json_int_t)field_get(ref)));
}

static void say_fields(struct fields_walk *w, const char *path, const struct fields *fs, void *obj);

static void say_array(struct fields_walk *w, const char *path, const struct field *f, char *at)
{
    json_t *list = w->into ? json_array() : NULL;

    console_say(w->c, "%s =", path);
    for (u32 k = 0; k < f->count; k++) {
        struct field_ref ref = { f, at + (size_t)k * f->size };

        if (k % 16 == 0 && f->count > 16)
            console_say(w->c, "\n  %3u:", k);
        console_say(w->c, " %0*llX", (int)f->size * 2, (unsigned long long)field_get(&ref));
        if (list)
            json_array_append_new(list, json_integer((json_int_t)field_get(&ref)));
    }
    console_say(w->c, "\n");
    if (list)
        json_object_set_new(w->into, path, list);
}

static void say_field(struct fields_walk *w, const char *path, const struct field *f, char *at)
{
    if (f->type != FIELD_GROUP) {
        if (f->count == 1)
            say_scalar(w, path, &(struct field_ref) { f, at });
        else
            say_array(w, path, f, at);
        return;
    }
    for (u32 k = 0; k < f->count; k++) {
        char below[320];

        if (f->count > 1)
            snprintf(below, sizeof below, "%.300s[%u]", path, k);
        else
            snprintf(below, sizeof below, "%.300s", path);
        say_fields(w, below, field_group(f), at + (size_t)k * f->size);
    }
}

static void say_fields(struct fields_walk *w, const char *path, const struct fields *fs, void *obj)
{
    for (u32 i = 0; i < fs->count; i++) {
        char name[320];

        snprintf(name, sizeof name, "%.200s%s%.100s", path, *path ? "." : "", fs->list[i].name);
        say_field(w, name, &fs->list[i], (char *)obj + fs->list[i].offset);
    }
}

static void visit(void *ctx, struct component *node, const char *path)
{
    struct fields_walk *w = ctx;
    json_t *list;

    if (w->only && strcmp(path, w->only) != 0)
        return;
    if (w->values) {
        if (node->fields)
            say_fields(w, path, node->fields, node->self);
        return;
    }
    console_say(w->c, "%s  (%u fields)\n", *path ? path : node->name,
                node->fields ? node->fields->count : 0);
    if (!w->into)
        return;
    list = json_array();
    for (u32 i = 0; node->fields && i < node->fields->count; i++)
        json_array_append_new(list, json_string(node->fields->list[i].name));
    json_object_set_new(w->into, path, list);
}

static int run_tree(struct debug_console *c, char *args, struct err *e)
{
    struct fields_walk w = { .c = c, .only = *args ? args : NULL, .into = json_object() };

    (void)e;
    component_saving(&c->machine->root);
    w.values = w.only;
    component_walk(&c->machine->root, visit, &w);
    if (!*args)
        for (const struct space *s = c->machine->spaces; s; s = s->next)
            if (s->size_bytes)
                console_say(c, "memory %s: %llu bytes at $%04llX%s\n", s->name,
                            (unsigned long long)s->size_bytes, (unsigned long long)s->base,
                            s->flags & SPACE_ROM ? ", read only" : "");
    for (unsigned i = 0; !*args && i < c->machine->domain_count; i++)
        console_say(c, "%s: %s\n", c->machine->domains[i].name, c->machine->domains[i].doc);
    console_put(c, "components", w.into);
    return 0;
}

/* An array or a group of fields by its path, or a component's whole. */
static bool print_path(struct debug_console *c, const char *path)
{
    struct fields_walk w = { .c = c, .only = path, .values = true, .into = json_object() };
    const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
    bool any;

    component_saving(&c->machine->root);
    if (*path && strcspn(path, " +-*[(") == strlen(path)) {
        char owner[LINE_BYTES];
        struct component *node = &c->machine->root;

        component_walk(&c->machine->root, visit, &w);
        snprintf(owner, sizeof owner, "%.*s", dot ? (int)(dot - path) : 0, path);
        if (!json_object_size(w.into) && dot) /* an array or group of a component */
            for (node = c->machine->root.child; node && strcmp(node->name, owner) != 0;)
                node = node->next;
        for (u32 i = 0;
             !json_object_size(w.into) && node && node->fields && i < node->fields->count; i++) {
            const struct field *f = &node->fields->list[i];

            if (!strcmp(f->name, name) && (f->count > 1 || f->type == FIELD_GROUP))
                say_field(&w, path, f, (char *)node->self + f->offset);
        }
    }
    any = json_object_size(w.into);
    if (any)
        console_put(c, "values", w.into);
    else
        json_decref(w.into);
    return any;
}

static int run_print(struct debug_console *c, char *args, struct err *e)
{
    struct field_ref ref;
    struct expr *x;
    s64 v;
    int r;

    if (!*args) /* the course's: the next instruction */
        return disassemble(c, debug_pc(c->debug), 1, e);
    if (expr_parse(debug_scope(c->debug), args, false, NULL, &x, e))
        return print_path(c, args) ? 0 : -(int)e->code;
    r = expr_eval(x, debug_scope(c->debug), &v, e);
    if (!r && expr_field(x, &ref)) {
        say_scalar(&(struct fields_walk) { .c = c }, args, &ref);
        if (ref.field->type == FIELD_ENUM) {
            char name[80];

            field_text(&ref, name, sizeof name);
            console_put(c, "name", json_string(name));
        }
    } else if (!r) {
        console_say(c, "%lld ($%llX)\n", (long long)v, (unsigned long long)v);
    }
    if (!r)
        console_put(c, "value", json_integer(v));
    expr_destroy(x);
    return r;
}

/* ---- registers ---- */

static void say_flags(struct debug_console *c)
{
    const char *flags = debug_cpu(c->debug)->flags, *names;
    struct field_ref ref;
    size_t len, bits;
    u64 v;

    if (!flags)
        return;
    len = strcspn(flags, " ");
    names = flags + len + 1;
    bits = strlen(names);
    if (!debug_register(c->debug, flags, len, &ref))
        return;
    v = field_get(&ref);
    console_say(c, "  ");
    for (size_t i = 0; i < bits; i++) {
        char letter = names[i], low = (char)(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);

        console_say(c, "%c", v >> (bits - 1 - i) & 1 ? letter : low);
    }
}

static int run_registers(struct debug_console *c, char *args, struct err *e)
{
    const struct cpu *cpu = debug_cpu(c->debug);
    json_t *j = json_object();

    (void)args;
    (void)e;
    for (const char *r = cpu->registers; *r;) {
        size_t len = strcspn(r, " ");
        struct field_ref ref;
        char name[40];

        snprintf(name, sizeof name, "%.*s", (int)len, r);
        if (debug_register(c->debug, r, len, &ref)) {
            console_say(c, "%s%s=$%0*llX", r == cpu->registers ? "" : "  ", name,
                        (int)ref.field->size * 2, (unsigned long long)field_get(&ref));
            json_object_set_new(j, name, json_integer((json_int_t)field_get(&ref)));
        }
        r += len + (r[len] == ' ');
    }
    say_flags(c);
    console_say(c, "  time %llu\n", (unsigned long long)c->machine->now);
    console_put(c, "registers", j);
    console_put(c, "time", json_integer((json_int_t)c->machine->now));
    return 0;
}

/* ---- memory ---- */

enum { X_BYTES_MAX = 1 << 16 };

static int no_memory(u64 addr, struct err *e)
{
    return err_set(e, ERR_USAGE, "there is no memory at $%llx", (unsigned long long)addr);
}

struct format { /* of x */
    u64 count;
    char letter;
    unsigned bytes;
};

/* "16xb": how many, how, how large. */
static int read_format(const char *text, struct format *f, struct err *e)
{
    char *end = (char *)text;
    unsigned long n = strtoul(text, &end, 10);

    *f = (struct format) { .count = end > text ? n : 0, .letter = 'x', .bytes = 1 };
    for (; *end; end++) {
        if (strchr("bhwg", *end))
            f->bytes = *end == 'b' ? 1 : *end == 'h' ? 2 : *end == 'w' ? 4 : 8;
        else if (strchr("xduotcis", *end))
            f->letter = *end;
        else
            return err_set(e, ERR_USAGE,
                           "x/%s: want a count, one of x d u o t c i s, one of b h w g", text);
    }
    if (!f->count)
        f->count = f->letter == 'i' ? 10 : f->letter == 's' ? 1 : 16;
    return f->count * f->bytes <= X_BYTES_MAX
               ? 0
               : err_set(e, ERR_LIMIT, "x/%s: more than %d bytes", text, X_BYTES_MAX);
}

static void say_unit(struct debug_console *c, const struct format *f, u64 v)
{
    unsigned bits = f->bytes * 8;

    switch (f->letter) {
    case 'd':
        console_say(
            c, " %lld",
            (long long)(s64)(bits < 64 && v >> (bits - 1) & 1 ? v | UINT64_MAX << bits : v));
        break;
    case 'u': console_say(c, " %llu", (unsigned long long)v); break;
    case 'o': console_say(c, " %llo", (unsigned long long)v); break;
    case 't':
        console_say(c, " ");
        for (unsigned i = bits; i--;)
            console_say(c, "%u", (unsigned)(v >> i & 1));
        break;
    case 'c':
        if (v >= 32 && v < 127)
            console_say(c, " '%c'", (char)v);
        else
            console_say(c, " %llu", (unsigned long long)v);
        break;
    default: console_say(c, " %0*llX", (int)f->bytes * 2, (unsigned long long)v);
    }
}

/* "ppu:$2000" or "$2000". */
static void say_at(struct debug_console *c, unsigned domain, u64 addr)
{
    char text[24];

    if (domain)
        console_say(c, "%s:$%04llX", c->machine->domains[domain - 1].name,
                    (unsigned long long)addr);
    else
        console_say(c, "%s", console_address(c, addr, text));
}

static int say_units(struct debug_console *c, const struct location *l, const struct format *f,
                     struct err *e)
{
    unsigned per_line = f->letter == 't' ? 4 : 16 / f->bytes;
    json_t *list = json_array();
    u64 addr = l->first;
    u8 b[8];

    for (u64 i = 0; i < f->count; i++, addr += f->bytes) {
        u64 v = 0;

        if (!console_peek(c, l->domain, addr, b, f->bytes)) {
            if (!i) {
                json_decref(list);
                return no_memory(addr, e);
            }
            break;
        }
        for (unsigned k = f->bytes; k--;)
            v = v << 8 | b[k];
        if (i % per_line == 0) {
            console_say(c, "%s", i ? "\n" : "");
            say_at(c, l->domain, addr);
            console_say(c, ":");
        }
        say_unit(c, f, v);
        json_array_append_new(list, json_integer((json_int_t)v));
    }
    console_say(c, "\n");
    c->next_x = addr;
    console_put(c, "address", json_integer((json_int_t)l->first));
    console_put(c, "unit", json_integer(f->bytes));
    console_put(c, "memory", list);
    return 0;
}

static int say_string(struct debug_console *c, const struct location *l, struct err *e)
{
    char text[1024];
    size_t n = 0;
    u8 b;

    while (n < sizeof text - 1 && console_peek(c, l->domain, l->first + n, &b, 1) && b) {
        text[n++] = (char)(b >= 32 && b < 127 ? b : '.');
    }
    if (!n && !console_peek(c, l->domain, l->first, &b, 1))
        return no_memory(l->first, e);
    text[n] = 0;
    say_at(c, l->domain, l->first);
    console_say(c, ": \"%s\"\n", text);
    console_put(c, "string", json_string(text));
    c->next_x = l->first + n + 1;
    return 0;
}

static int run_x(struct debug_console *c, char *args, struct err *e)
{
    struct location l = { .first = c->next_x };
    char *format = "";
    struct format f;

    if (*args == '/') {
        args++;
        format = console_word(&args);
        format = format ? format : "";
    }
    if (read_format(format, &f, e) ||
        (args[strspn(args, " \t")] && console_location(c, &args, &l, e)))
        return -(int)e->code;
    if (f.letter == 'i')
        return disassemble(c, l.first, f.count, e);
    return f.letter == 's' ? say_string(c, &l, e) : say_units(c, &l, &f, e);
}

/* The course's: one byte. */
static int run_peek(struct debug_console *c, char *args, struct err *e)
{
    struct location l;
    u8 b;

    if (console_location(c, &args, &l, e))
        return -(int)e->code;
    if (!console_peek(c, l.domain, l.first, &b, 1))
        return no_memory(l.first, e);
    say_at(c, l.domain, l.first);
    console_say(c, ": %02X\n", b);
    console_put(c, "value", json_integer(b));
    return 0;
}

/* The course's: four bytes a line. */
static int run_dump(struct debug_console *c, char *args, struct err *e)
{
    struct location l;
    u64 count;
    json_t *list;
    u8 b[4];

    if (console_location(c, &args, &l, e) || console_count(c, args, 64, &count, e))
        return -(int)e->code;
    list = json_array();
    for (u64 i = 0; i < count && i < X_BYTES_MAX; i += 4) {
        if (!console_peek(c, l.domain, l.first + i, b, 4))
            break;
        say_at(c, l.domain, l.first + i);
        console_say(c, ": %02X %02X %02X %02X\n", b[0], b[1], b[2], b[3]);
        for (unsigned k = 0; k < 4; k++)
            json_array_append_new(list, json_integer(b[k]));
    }
    console_put(c, "memory", list);
    return 0;
}

/* ---- sources and calls ---- */

static int run_list(struct debug_console *c, char *args, struct err *e)
{
    const struct symbols *s = debug_symbols(c->debug);
    const struct symbol_line *line;
    struct location l = { .first = debug_pc(c->debug) };
    struct source_rows rows;
    json_t *list;
    u8 *text;

    if (*args && console_location(c, &args, &l, e))
        return -(int)e->code;
    line = symbols_line(s, l.first);
    if (!line)
        return err_set(e, ERR_USAGE, "no source line is known for $%llx",
                       (unsigned long long)l.first);
    if (console_asks(c, json_pack("{s:s, s:s, s:I}", "ask", "list", "file", s->files[line->file],
                                  "line", (json_int_t)line->line)))
        return 0;
    if (console_files(c, e) || source_read(c->symbol_dir, s->files[line->file], &text, e))
        return -(int)e->code;
    source_rows((char *)text, line->line, &rows);
    list = json_array();
    for (unsigned i = 0; i < rows.count; i++) {
        console_say(c, "%s %5u  %s\n", rows.first + i == line->line ? ">" : " ", rows.first + i,
                    rows.rows[i]);
        json_array_append_new(list, json_string(rows.rows[i]));
    }
    free(text);
    console_put(c, "file", json_string(s->files[line->file]));
    console_put(c, "first", json_integer(rows.first));
    console_put(c, "lines", list);
    return 0;
}

static int run_where(struct debug_console *c, char *args, struct err *e)
{
    const struct kind *k = c->machine->kind;
    u64 calls[64], pc = debug_pc(c->debug);
    unsigned count = k->calls ? k->calls(debug_cpu(c->debug), calls, ARRAY_SIZE(calls)) : 0;
    json_t *list = json_array();
    char at[24], symbol[200];

    (void)args;
    (void)e;
    console_say(c, "#0  %s%s\n", console_address(c, pc, at), console_symbol(c, pc, symbol));
    json_array_append_new(list, console_place(c, pc));
    for (unsigned i = 0; i < count; i++) {
        console_say(c, "#%-2u %s%s\n", i + 1, console_address(c, calls[i], at),
                    console_symbol(c, calls[i], symbol));
        json_array_append_new(list, console_place(c, calls[i]));
    }
    console_put(c, "calls", list);
    return 0;
}

static int run_symbol(struct debug_console *c, char *args, struct err *e)
{
    struct location l;
    char at[24], symbol[200];

    if (console_location(c, &args, &l, e))
        return -(int)e->code;
    console_symbol(c, l.first, symbol);
    console_say(c, "%s%s\n", console_address(c, l.first, at), *symbol ? symbol : " has no symbol");
    console_put(c, "place", console_place(c, l.first));
    return 0;
}

/* ---- views ---- */

static int run_show(struct debug_console *c, char *args, struct err *e)
{
    const char *name = console_word(&args), *path = console_word(&args);
    const struct view *v;
    char *text;
    json_t *j;

    if (!name) {
        for (unsigned i = 0; i < c->machine->view_count; i++)
            console_say(c, "%-12s %s\n", c->machine->views[i].name, c->machine->views[i].doc);
        return 0;
    }
    if (view_find(c->machine, name, &v, e))
        return -(int)e->code;
    if (v->picture && (path || (!v->table && !v->text)) &&
        console_asks(
            c, json_pack("{s:s, s:s, s:s?}", "ask", "picture", "view", v->name, "path", path)))
        return 0;
    component_saving(&c->machine->root);
    if (v->picture && (path || (!v->table && !v->text)))
        return c->o.picture ? c->o.picture(c->o.ctx, v, path, e)
                            : err_set(e, ERR_NOTSUP, "there is nowhere to show a picture");
    if (path)
        return err_set(e, ERR_NOTSUP, "%s is no picture", v->name);
    if (c->result) {
        if (view_json(c->machine, v, &j, e))
            return -(int)e->code;
        json_object_update(c->result, j);
        json_decref(j);
        return 0;
    }
    if (view_text(c->machine, v, &text, e))
        return -(int)e->code;
    console_say(c, "%s", text);
    free(text);
    return 0;
}

const struct console_command console_look_commands[] = {
    { "registers regs r", "", "the registers", run_registers, REPEAT_NO },
    { "print p pr", "[EXPR]",
      "a value, a field or a component by its path; without one, the next "
      "instruction",
      run_print, REPEAT_NO },
    { "x", "[/FORMAT] [PLACE]", "memory: /COUNT, x d u o t c i s, b h w g", run_x, REPEAT_BARE },
    { "peek pk", "PLACE", "one byte", run_peek, REPEAT_NO },
    { "dumpmem dm", "PLACE [N]", "N bytes, four a line", run_dump, REPEAT_NO },
    { "disassemble dis instr", "[PLACE] [N]", "N instructions", run_disassemble, REPEAT_BARE },
    { "list l", "[PLACE]", "the source", run_list, REPEAT_NO },
    { "where bt backtrace", "", "the calls under way", run_where, REPEAT_NO },
    { "symbol", "PLACE", "what is there", run_symbol, REPEAT_NO },
    { "tree", "[COMPONENT]", "the components, or all fields of one", run_tree, REPEAT_NO },
    { "show", "[VIEW] [FILE.png]", "a view of the machine; without one, their names", run_show,
      REPEAT_NO },
    { NULL, NULL, NULL, NULL, REPEAT_NO },
};
