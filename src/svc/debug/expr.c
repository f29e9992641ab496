#include "svc/debug/expr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Code for a machine with a stack: what is parsed is put in the order in which it is done. */
enum op {
    OP_NUMBER,
    OP_FIELD,
    OP_POSITION, /* domain, index */
    OP_SPECIAL,
    OP_MEMORY, /* of the CPU: width, signed */
    OP_DOMAIN, /* a byte of it */
    OP_SPACE,
    OP_NEGATE,
    OP_NOT,
    OP_INVERT,
    OP_BOOL,
    OP_AND, /* jump when the top is 0, else drop it */
    OP_OR,  /* jump when it is not */
    OP_BINARY,
};

enum special { SPECIAL_NOW, SPECIAL_FRAMES, SPECIAL_VALUE, SPECIAL_OLD, SPECIAL_ADDRESS };

enum { CODE_MAX = 128, DEPTH_MAX = 40, NAME_BYTES = 128 };

struct step {
    u8 op, a, b;
    u16 to; /* jumps */
    union {
        s64 number;
        struct field_ref field;
        const struct domain *domain;
        const struct space *space;
    };
};

struct expr {
    unsigned count;
    bool stale; /* it reads fields which a chip may have to catch up for */
    struct step code[];
};

struct parser {
    const struct expr_scope *scope;
    const char *at;
    bool hex, stale;
    unsigned count, depth;
    struct err *e;
    struct step code[CODE_MAX];
};

/* ---- parsing ---- */

static const char *const binary[][4] = { /* by precedence, loosest first; longer names first */
                                         { "|" },
                                         { "^" },
                                         { "&" },
                                         { "==", "!=" },
                                         { "<=", ">=", "<", ">" },
                                         { "<<", ">>" },
                                         { "+", "-" },
                                         { "*", "/", "%" }
};
enum { LEVEL_OR = -2, LEVEL_AND = -1 };

static int wrong(struct parser *p, const char *what)
{
    return err_set(p->e, ERR_USAGE, "%s at '%.40s'", what, p->at);
}

static struct step *put(struct parser *p, enum op op)
{
    struct step *s = &p->code[p->count < CODE_MAX ? p->count++ : CODE_MAX - 1];

    *s = (struct step) { .op = (u8)op };
    return s;
}

static void blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t");
}

static int parse_level(struct parser *p, int level);

static int parse_inside(struct parser *p, char end)
{
    const char want[] = { end, 0 };

    if (parse_level(p, LEVEL_OR))
        return -(int)p->e->code;
    blanks(p);
    if (*p->at != end) {
        char what[16];

        snprintf(what, sizeof what, "want %s", want);
        return wrong(p, what);
    }
    p->at++;
    return 0;
}

static int digits(struct parser *p, int base)
{
    u64 v = 0;
    const char *from = p->at;

    for (;; p->at++) {
        int c = tolower((unsigned char)*p->at), d;

        d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (d >= base)
            break;
        if (v > (UINT64_MAX - (u64)d) / (u64)base)
            return wrong(p, "the number is too large");
        v = v * (u64)base + (u64)d;
    }
    if (p->at == from || isalnum((unsigned char)*p->at) || *p->at == '_')
        return wrong(p, "no number");
    put(p, OP_NUMBER)->number = (s64)v;
    return 0;
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '@' || c == '?';
}

/* The name at p->at; with `path` as far as dots and [numbers] go. */
static size_t name_length(const char *s, bool path)
{
    size_t n = 0, inside;

    for (;;) {
        while (word_char(s[n]))
            n++;
        if (!path)
            return n;
        if (s[n] == '.' && word_char(s[n + 1])) {
            n++;
        } else if (s[n] == '[' && (inside = strspn(s + n + 1, "0123456789")) &&
                   s[n + 1 + inside] == ']') {
            n += inside + 2;
        } else {
            return n;
        }
    }
}

static bool find_register(const struct cpu *c, const char *name, struct field_ref *out)
{
    for (const char *r = c->registers; *r;) {
        size_t len = strcspn(r, " ");
        char path[NAME_BYTES];

        if (len == strlen(name) && !strncasecmp(r, name, len)) {
            snprintf(path, sizeof path, "%.*s", (int)len, r);
            return field_find(c->state->fields, c->state->self, path, out);
        }
        r += len + (r[len] == ' ');
    }
    return false;
}

static bool put_register(struct parser *p, const char *name)
{
    struct field_ref ref;

    if (!p->scope->cpu || !find_register(p->scope->cpu, name, &ref))
        return false;
    put(p, OP_FIELD)->field = ref;
    return true;
}

static bool put_field(struct parser *p, const char *path)
{
    struct component *owner;
    struct field_ref ref;

    if (!component_field(&p->scope->cpu->machine->root, path, &ref, &owner))
        return false;
    p->stale |= owner != p->scope->cpu->state;
    put(p, OP_FIELD)->field = ref;
    return true;
}

static bool put_position(struct parser *p, const char *path)
{
    const struct machine *m = p->scope->cpu->machine;
    const char *dot = strchr(path, '.');

    for (unsigned i = 0; dot && i < m->domain_count; i++) {
        const struct domain *d = &m->domains[i];
        size_t len = (size_t)(dot - path), first;
        struct step *s;

        if (!d->position || strlen(d->name) != len || memcmp(d->name, path, len) != 0 ||
            !field_word(d->position, dot + 1))
            continue;
        first = strcspn(d->position, " ");
        s = put(p, OP_POSITION);
        s->domain = d;
        s->a = strlen(dot + 1) != first || memcmp(d->position, dot + 1, first) != 0;
        p->stale = true;
        return true;
    }
    return false;
}

static bool put_special(struct parser *p, const char *name)
{
    static const char *const names[] = { "now", "frames", "value", "old", "address" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(names[i], name)) {
            put(p, OP_SPECIAL)->a = (u8)i;
            return true;
        }
    return false;
}

static bool put_symbol(struct parser *p, const char *name)
{
    u64 v;

    if (!p->scope->symbols || !symbols_find(p->scope->symbols, name, &v))
        return false;
    put(p, OP_NUMBER)->number = (s64)v;
    return true;
}

/* "u16[": memory of the CPU; "ppu[", "ram[": of a domain or space. 1: done, 0: it is none. */
static int parse_memory(struct parser *p, const char *name)
{
    const struct machine *m = p->scope->cpu->machine;
    struct step s = { .op = OP_MEMORY, .a = 1 };
    unsigned bits = 0;
    char sign;

    if (sscanf(name, "%c%u", &sign, &bits) == 2 && (sign == 'u' || sign == 's') &&
        (bits == 8 || bits == 16 || bits == 32 || bits == 64)) {
        s.a = (u8)(bits / 8);
        s.b = sign == 's';
    } else {
        s.op = OP_NUMBER;
        for (unsigned i = 0; i < m->domain_count; i++)
            if (!strcmp(m->domains[i].name, name) && m->domains[i].peek)
                s = (struct step) { .op = OP_DOMAIN, .domain = &m->domains[i] };
        for (const struct space *k = m->spaces; s.op == OP_NUMBER && k; k = k->next)
            if (!strcmp(k->name, name) && k->size_bytes)
                s = (struct step) { .op = OP_SPACE, .space = k };
        if (s.op == OP_NUMBER)
            return 0;
    }
    p->at++;
    if (parse_inside(p, ']'))
        return -1;
    *put(p, s.op) = s;
    return 1;
}

static int parse_name(struct parser *p)
{
    char path[NAME_BYTES], name[NAME_BYTES];
    size_t len = name_length(p->at, true), whole = name_length(p->at, false);
    const char *from = p->at;
    int r;

    if (len >= sizeof path)
        return wrong(p, "the name is too long");
    snprintf(path, sizeof path, "%.*s", (int)len, from);
    snprintf(name, sizeof name, "%.*s", (int)whole, from);
    p->at += whole;
    if (*p->at == '[' && (r = parse_memory(p, name)) != 0)
        return r < 0 ? -(int)p->e->code : 0;
    p->at = from + len;
    if (len != whole && (put_field(p, path) || put_position(p, path)))
        return 0;
    p->at = from + whole;
    if (put_symbol(p, name))
        return 0;
    if (p->hex && strspn(name, "0123456789abcdefABCDEF") == whole) {
        p->at = from;
        return digits(p, 16);
    }
    if (put_register(p, name) || put_field(p, name) || put_special(p, name))
        return 0;
    p->at = from;
    return wrong(p, "there is no register, field or symbol of that name");
}

/* "$0c" is a number, "$pc" a register. */
static int parse_dollar(struct parser *p)
{
    char name[NAME_BYTES];
    size_t len = name_length(++p->at, false);

    if (len && strspn(p->at, "0123456789abcdefABCDEF") == len)
        return digits(p, 16);
    snprintf(name, sizeof name, "%.*s", (int)(len < NAME_BYTES ? len : NAME_BYTES - 1), p->at);
    if (!put_register(p, name))
        return wrong(p, "there is no register of that name");
    p->at += len;
    return 0;
}

static int parse_number(struct parser *p)
{
    int base = 10;

    if (p->at[0] == '0' && (p->at[1] == 'x' || p->at[1] == 'X'))
        base = 16;
    else if (!p->hex && p->at[0] == '0' && (p->at[1] == 'b' || p->at[1] == 'B'))
        base = 2;
    else
        return p->hex ? parse_name(p) : digits(p, 10);
    p->at += 2;
    return digits(p, base);
}

static int parse_unary(struct parser *p, enum op op)
{
    p->at++;
    if (parse_level(p, ARRAY_SIZE(binary)))
        return -(int)p->e->code;
    put(p, op);
    return 0;
}

static int parse_operand(struct parser *p)
{
    blanks(p);
    switch (*p->at) {
    case '-': return parse_unary(p, OP_NEGATE);
    case '!': return parse_unary(p, OP_NOT);
    case '~': return parse_unary(p, OP_INVERT);
    case '(': p->at++; return parse_inside(p, ')');
    case '*':
        if (parse_unary(p, OP_MEMORY))
            return -(int)p->e->code;
        p->code[p->count - 1].a = 1;
        return 0;
    case '[':
        p->at++;
        if (parse_inside(p, ']'))
            return -(int)p->e->code;
        put(p, OP_MEMORY)->a = 1;
        return 0;
    case '$': return parse_dollar(p);
    case '\'':
        if (!p->at[1] || p->at[2] != '\'')
            return wrong(p, "no character");
        put(p, OP_NUMBER)->number = (u8)p->at[1];
        p->at += 3;
        return 0;
    default:
        if (isdigit((unsigned char)*p->at))
            return parse_number(p);
        return word_char(*p->at) ? parse_name(p)
                                 : wrong(p, *p->at ? "no value" : "a value is missing");
    }
}

static int find_binary(struct parser *p, int level)
{
    blanks(p);
    for (int i = 0; i < 4 && binary[level][i]; i++) {
        const char *name = binary[level][i];
        size_t len = strlen(name);

        if (strncmp(p->at, name, len) != 0)
            continue;
        /* "&&" is no "&", and "<<" no "<". */
        if (len == 1 && strchr("|&<>", *name) && (p->at[1] == *name || p->at[1] == '='))
            continue;
        return i;
    }
    return -1;
}

static int parse_short(struct parser *p, int level)
{
    const char *name = level == LEVEL_OR ? "||" : "&&";
    bool any = false;

    if (parse_level(p, level + 1))
        return -(int)p->e->code;
    for (blanks(p); !strncmp(p->at, name, 2); blanks(p)) {
        unsigned jump;

        any = true;
        p->at += 2;
        jump = p->count;
        put(p, level == LEVEL_OR ? OP_OR : OP_AND);
        if (parse_level(p, level + 1))
            return -(int)p->e->code;
        if (jump < CODE_MAX)
            p->code[jump].to = (u16)p->count;
    }
    if (any)
        put(p, OP_BOOL);
    return 0;
}

static int parse_level(struct parser *p, int level)
{
    int r = 0, i;

    if (p->depth >= DEPTH_MAX * 4 || p->count >= CODE_MAX - 1)
        return wrong(p, "the expression is too long");
    p->depth++;
    if (level < 0) {
        r = parse_short(p, level);
    } else if (level == ARRAY_SIZE(binary)) {
        r = parse_operand(p);
    } else {
        r = parse_level(p, level + 1);
        while (!r && (i = find_binary(p, level)) >= 0) {
            p->at += strlen(binary[level][i]);
            r = parse_level(p, level + 1);
            if (!r) {
                struct step *s = put(p, OP_BINARY);

                s->a = (u8)level;
                s->b = (u8)i;
            }
        }
    }
    p->depth--;
    return r;
}

int expr_parse(const struct expr_scope *s, const char *text, bool hex, const char **rest,
               struct expr **out, struct err *e)
{
    struct parser p = { .scope = s, .at = text, .hex = hex, .e = e };
    struct expr *x;

    if (parse_level(&p, LEVEL_OR))
        return -(int)e->code;
    blanks(&p);
    if (p.count >= CODE_MAX - 1)
        return wrong(&p, "the expression is too long");
    if (rest)
        *rest = p.at;
    else if (*p.at)
        return wrong(&p, "more than an expression");
    x = malloc(sizeof *x + p.count * sizeof *x->code);
    if (!x)
        return err_set(e, ERR_NOMEM, "no memory for an expression");
    x->count = p.count;
    x->stale = p.stale;
    memcpy(x->code, p.code, p.count * sizeof *x->code);
    *out = x;
    return 0;
}

void expr_destroy(struct expr *x)
{
    free(x);
}

bool expr_field(const struct expr *x, struct field_ref *out)
{
    if (x->count != 1 || x->code[0].op != OP_FIELD)
        return false;
    *out = x->code[0].field;
    return true;
}

/* ---- evaluation ---- */

static int calculate(const struct step *s, s64 a, s64 b, s64 *out, struct err *e)
{
    const char *name = binary[s->a][s->b];
    unsigned shift = (unsigned)b & 63;

    if ((*name == '/' || *name == '%') && (!b || (a == INT64_MIN && b == -1)))
        return err_set(e, ERR_USAGE, "a division by zero, or out of range");
    switch (*name) {
    case '|': *out = a | b; break;
    case '^': *out = a ^ b; break;
    case '&': *out = a & b; break;
    case '=': *out = a == b; break;
    case '!': *out = a != b; break;
    case '+': *out = (s64)((u64)a + (u64)b); break;
    case '-': *out = (s64)((u64)a - (u64)b); break;
    case '*': *out = (s64)((u64)a * (u64)b); break;
    case '/': *out = a / b; break;
    case '%': *out = a % b; break;
    case '<':
        *out = name[1] == '<' ? (s64)((u64)a << shift) : name[1] == '=' ? a <= b : a < b;
        break;
    default:
        *out = name[1] == '>' ? (s64)((u64)a >> shift) : name[1] == '=' ? a >= b : a > b;
        break;
    }
    return 0;
}

static int memory(const struct step *s, const struct expr_scope *scope, s64 *top, struct err *e)
{
    struct machine *m = scope->cpu->machine;
    u64 addr = (u64)*top, v = 0;
    u8 b[8] = { 0 };
    bool there;

    if (s->op == OP_MEMORY)
        there = m->kind->peek && m->kind->peek(scope->cpu, CPU_VIRTUAL, addr, b, s->a);
    else if (s->op == OP_DOMAIN)
        there = s->domain->peek(m, addr, b, 1);
    else
        there = space_read(s->space, addr - (addr >= s->space->base ? s->space->base : 0), b, 1);
    if (!there)
        return err_set(e, ERR_USAGE, "there is no memory at $%llx", (unsigned long long)addr);
    for (unsigned i = 0; i < 8; i++)
        v |= (u64)b[i] << i * 8;
    if (s->op == OP_MEMORY && s->b && s->a < 8 && v >> (s->a * 8 - 1) & 1)
        v |= UINT64_MAX << s->a * 8;
    *top = (s64)v;
    return 0;
}

static s64 special(const struct step *s, const struct expr_scope *scope)
{
    const struct watch *w = scope->hit;

    switch ((enum special)s->a) {
    case SPECIAL_NOW: return (s64)scope->cpu->machine->now;
    case SPECIAL_FRAMES: return (s64)scope->cpu->machine->frames;
    case SPECIAL_VALUE: return w ? (s64)w->value : 0;
    case SPECIAL_OLD: return w ? (s64)w->old : 0;
    case SPECIAL_ADDRESS: return w ? (s64)w->address : 0;
    }
    return 0;
}

static s64 position(const struct step *s, const struct expr_scope *scope)
{
    u64 at[2] = { 0, 0 };

    s->domain->where(scope->cpu->machine, at);
    return (s64)at[s->a];
}

/* One step that is no jump; `top` points at the last value, or one below the first. */
static int perform(const struct step *s, const struct expr_scope *scope, s64 **top, struct err *e)
{
    s64 *t = *top;

    switch ((enum op)s->op) {
    case OP_NUMBER: *++t = s->number; break;
    case OP_FIELD: *++t = (s64)field_get(&s->field); break;
    case OP_POSITION: *++t = position(s, scope); break;
    case OP_SPECIAL: *++t = special(s, scope); break;
    case OP_MEMORY:
    case OP_DOMAIN:
    case OP_SPACE: return memory(s, scope, t, e);
    case OP_NEGATE: *t = (s64)(0 - (u64)*t); break;
    case OP_NOT: *t = !*t; break;
    case OP_INVERT: *t = ~*t; break;
    case OP_BOOL: *t = *t != 0; break;
    case OP_BINARY:
        t--;
        if (calculate(s, t[0], t[1], t, e))
            return -(int)e->code;
        break;
    default: break;
    }
    *top = t;
    return 0;
}

int expr_eval(const struct expr *x, const struct expr_scope *scope, s64 *out, struct err *e)
{
    s64 stack[CODE_MAX + 1] = { 0 }, *top = stack;

    if (x->stale)
        component_saving(&scope->cpu->machine->root);
    for (unsigned i = 0; i < x->count; i++) {
        const struct step *s = &x->code[i];

        if (s->op == OP_AND || s->op == OP_OR) {
            if (!*top == (s->op == OP_AND))
                i = s->to - 1u;
            else
                top--;
        } else if (perform(s, scope, &top, e)) {
            return -(int)e->code;
        }
    }
    *out = *top;
    return 0;
}

int expr_value(const struct expr_scope *s, const char *text, bool hex, u64 *out, struct err *e)
{
    struct expr *x;
    s64 v;
    int r;

    if (expr_parse(s, text, hex, NULL, &x, e))
        return -(int)e->code;
    r = expr_eval(x, s, &v, e);
    expr_destroy(x);
    if (!r)
        *out = (u64)v;
    return r;
}
