#include "svc/debug/gdb_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a register is. */
enum gdb_how {
    GDB_FIELD,   /* a field */
    GDB_X87,     /* `take` bytes of an XSAVE area, a field that is an array of them, from `at` on;
                  * which says then that it has x87's part */
    GDB_SSE,     /* the same, with SSE's part */
    GDB_TAGS,    /* x87's tags: in full for gdb, a bit each in the area */
    GDB_NOTHING, /* gdb wants one, and this CPU has none */
};

struct row {
    const char *name;
    u8 bits;
    const char *type, *group, *field;
    u16 at;
    u8 take, how;
};

struct feature {
    const char *name;
    const char *types; /* definitions that its rows use, or NULL */
    const struct row *rows;
    unsigned count;
};

enum { FEATURES_MAX = 4 };

struct isa {
    const char *name; /* of struct cpu; NULL: any */
    unsigned bits;    /* likewise; 0: any */
    const char *architecture;
    struct feature features[FEATURES_MAX]; /* up to one without a name */
};

/* ---- x86 (gdb's manual, G.5.9 i386 Features; the order is gdb's) ---- */

#define REG(name, bits, type, field)                   \
    {                                                  \
        name, bits, type, NULL, field, 0, 0, GDB_FIELD \
    }
#define X87(name, bits, type, group, at, take)              \
    {                                                       \
        name, bits, type, group, "xsave", at, take, GDB_X87 \
    }
#define ST(i) X87("st" #i, 80, "i387_ext", NULL, 32 + 16 * (i), 10)
#define XMM(i)                                                              \
    {                                                                       \
        "xmm" #i, 128, "vec128", NULL, "xsave", 160 + 16 * (i), 16, GDB_SSE \
    }
#define SELECTOR(seg) REG(#seg, 32, "int32", #seg ".selector")

#define X86_SEGMENTS \
    SELECTOR(cs), SELECTOR(ss), SELECTOR(ds), SELECTOR(es), SELECTOR(fs), SELECTOR(gs)
#define X86_X87                                                                           \
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),                               \
        X87("fctrl", 32, "int", "float", 0, 2), X87("fstat", 32, "int", "float", 2, 2),   \
        { "ftag", 32, "int", "float", "xsave", 4, 1, GDB_TAGS },                          \
        X87("fiseg", 32, "int", "float", 12, 2), X87("fioff", 32, "int", "float", 8, 4),  \
        X87("foseg", 32, "int", "float", 20, 2), X87("fooff", 32, "int", "float", 16, 4), \
        X87("fop", 32, "int", "float", 6, 2)
#define X86_MXCSR                                                    \
    {                                                                \
        "mxcsr", 32, "i386_mxcsr", "vector", "xsave", 24, 4, GDB_SSE \
    }

/* The program counter that gdb sees is the linear address: what breakpoints and memory go by. */
static const struct row x86_64_core[] = {
    REG("rax", 64, "int64", "rax"),
    REG("rbx", 64, "int64", "rbx"),
    REG("rcx", 64, "int64", "rcx"),
    REG("rdx", 64, "int64", "rdx"),
    REG("rsi", 64, "int64", "rsi"),
    REG("rdi", 64, "int64", "rdi"),
    REG("rbp", 64, "data_ptr", "rbp"),
    REG("rsp", 64, "data_ptr", "rsp"),
    REG("r8", 64, "int64", "r8"),
    REG("r9", 64, "int64", "r9"),
    REG("r10", 64, "int64", "r10"),
    REG("r11", 64, "int64", "r11"),
    REG("r12", 64, "int64", "r12"),
    REG("r13", 64, "int64", "r13"),
    REG("r14", 64, "int64", "r14"),
    REG("r15", 64, "int64", "r15"),
    REG("rip", 64, "code_ptr", "pc"),
    REG("eflags", 32, "i386_eflags", "rflags"),
    X86_SEGMENTS,
    X86_X87,
};
static const struct row x86_64_sse[] = {
    XMM(0), XMM(1),  XMM(2),  XMM(3),  XMM(4),  XMM(5),  XMM(6),  XMM(7),    XMM(8),
    XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15), X86_MXCSR,
};
static const struct row x86_64_segments[] = {
    REG("fs_base", 64, "int64", "fs.base"),
    REG("gs_base", 64, "int64", "gs.base"),
};
static const struct row x86_system[] = {
    REG("k_gs_base", 64, "int64", "msr.kernel_gs_base"),
    REG("cr0", 64, "int64", "cr0"),
    REG("cr2", 64, "int64", "cr2"),
    REG("cr3", 64, "int64", "cr3"),
    REG("cr4", 64, "int64", "cr4"),
    REG("cr8", 64, "int64", "cr8"),
    REG("efer", 64, "int64", "efer"),
    REG("gdt_base", 64, "int64", "gdt.base"),
    REG("idt_base", 64, "int64", "idt.base"),
};

static const struct row x86_32_core[] = {
    REG("eax", 32, "int32", "rax"),
    REG("ecx", 32, "int32", "rcx"),
    REG("edx", 32, "int32", "rdx"),
    REG("ebx", 32, "int32", "rbx"),
    REG("esp", 32, "data_ptr", "rsp"),
    REG("ebp", 32, "data_ptr", "rbp"),
    REG("esi", 32, "int32", "rsi"),
    REG("edi", 32, "int32", "rdi"),
    REG("eip", 32, "code_ptr", "pc"),
    REG("eflags", 32, "i386_eflags", "rflags"),
    X86_SEGMENTS,
    X86_X87,
};
static const struct row x86_32_sse[] = {
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7), X86_MXCSR,
};

static const char x86_flags[] =
    "<flags id=\"i386_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
    "<field name=\"VM\" start=\"17\" end=\"17\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"VIF\" start=\"19\" end=\"19\"/><field name=\"VIP\" start=\"20\" end=\"20\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>";
static const char x86_vectors[] =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
    "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
    "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>"
    "<flags id=\"i386_mxcsr\" size=\"4\">"
    "<field name=\"IE\" start=\"0\" end=\"0\"/><field name=\"DE\" start=\"1\" end=\"1\"/>"
    "<field name=\"ZE\" start=\"2\" end=\"2\"/><field name=\"OE\" start=\"3\" end=\"3\"/>"
    "<field name=\"UE\" start=\"4\" end=\"4\"/><field name=\"PE\" start=\"5\" end=\"5\"/>"
    "<field name=\"DAZ\" start=\"6\" end=\"6\"/><field name=\"IM\" start=\"7\" end=\"7\"/>"
    "<field name=\"DM\" start=\"8\" end=\"8\"/><field name=\"ZM\" start=\"9\" end=\"9\"/>"
    "<field name=\"OM\" start=\"10\" end=\"10\"/><field name=\"UM\" start=\"11\" end=\"11\"/>"
    "<field name=\"PM\" start=\"12\" end=\"12\"/><field name=\"FZ\" start=\"15\" end=\"15\"/>"
    "</flags>";

/* ---- what gdb does not know: the least of the architecture which any build for PCs has ---- */

#define LACKS(name, bits, type, group)                   \
    {                                                    \
        name, bits, type, group, NULL, 0, 0, GDB_NOTHING \
    }
#define LACKS_INT(name)   LACKS(name, 32, "int32", NULL)
#define LACKS_ST(name)    LACKS(name, 80, "i387_ext", NULL)
#define LACKS_FLOAT(name) LACKS(name, 32, "int", "float")

static const char own_pc[] = "its program counter", own_stack[] = "its stack pointer";

static const struct row lent_core[] = {
    LACKS_INT("eax"),
    LACKS_INT("ecx"),
    LACKS_INT("edx"),
    LACKS_INT("ebx"),
    REG("esp", 32, "data_ptr", own_stack),
    LACKS("ebp", 32, "data_ptr", NULL),
    LACKS_INT("esi"),
    LACKS_INT("edi"),
    REG("eip", 32, "code_ptr", own_pc),
    LACKS_INT("eflags"),
    LACKS_INT("cs"),
    LACKS_INT("ss"),
    LACKS_INT("ds"),
    LACKS_INT("es"),
    LACKS_INT("fs"),
    LACKS_INT("gs"),
    LACKS_ST("st0"),
    LACKS_ST("st1"),
    LACKS_ST("st2"),
    LACKS_ST("st3"),
    LACKS_ST("st4"),
    LACKS_ST("st5"),
    LACKS_ST("st6"),
    LACKS_ST("st7"),
    LACKS_FLOAT("fctrl"),
    LACKS_FLOAT("fstat"),
    LACKS_FLOAT("ftag"),
    LACKS_FLOAT("fiseg"),
    LACKS_FLOAT("fioff"),
    LACKS_FLOAT("foseg"),
    LACKS_FLOAT("fooff"),
    LACKS_FLOAT("fop"),
};

/* ---- the table ---- */

#define FEATURE(name, types, rows)          \
    {                                       \
        name, types, rows, ARRAY_SIZE(rows) \
    }
#define X86_32(bits, architecture)                                        \
    {                                                                     \
        "x86", bits, architecture,                                        \
        {                                                                 \
            FEATURE("org.gnu.gdb.i386.core", x86_flags, x86_32_core),     \
                FEATURE("org.gnu.gdb.i386.sse", x86_vectors, x86_32_sse), \
                FEATURE("org.mews.x86", NULL, x86_system)                 \
        }                                                                 \
    }

static const struct isa isas[] = {
    X86_32(16, "i8086"),
    X86_32(32, "i386"),
    { "x86",
      0,
      "i386:x86-64",
      { FEATURE("org.gnu.gdb.i386.core", x86_flags, x86_64_core),
        FEATURE("org.gnu.gdb.i386.sse", x86_vectors, x86_64_sse),
        FEATURE("org.gnu.gdb.i386.segments", NULL, x86_64_segments),
        FEATURE("org.mews.x86", NULL, x86_system) } },
    { NULL, 0, "i386", { FEATURE("org.gnu.gdb.i386.core", NULL, lent_core) } },
};

static const struct isa *find_isa(const struct cpu *c)
{
    const struct isa *i = isas;

    while ((i->name && strcmp(i->name, c->isa) != 0) || (i->bits && i->bits != c->bits))
        i++;
    return i;
}

/* ---- a description ---- */

static bool find(const struct cpu *c, const char *path, struct field_ref *out)
{
    return field_find(c->state->fields, c->state->self, path, out);
}

static bool add_slot(struct gdb_target *t, const struct cpu *c, const struct row *r)
{
    struct gdb_slot *s = &t->slots[t->count];
    const char *field = r->field ? r->field : "";

    if (t->count == GDB_SLOTS)
        return false;
    *s = (struct gdb_slot) { .type = r->type,
                             .group = r->group,
                             .bits = r->bits,
                             .at = r->at,
                             .take = r->take ? r->take : r->bits / 8u,
                             .how = r->how };
    if (field == own_stack)
        field = c->stack ? c->stack : "";
    snprintf(s->name, sizeof s->name, "%s", r->name);
    snprintf(s->field, sizeof s->field, "%.*s",
             (int)(field == own_pc ? strcspn(c->registers, " ") : strlen(field)),
             field == own_pc ? c->registers : field);
    t->count++;
    return true;
}

static void write_slot(FILE *f, const struct gdb_slot *s, unsigned number)
{
    fprintf(f, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", s->name, s->bits,
            s->type, number);
    if (s->group)
        fprintf(f, " group=\"%s\"", s->group);
    fputs("/>\n", f);
}

static bool write_feature(struct gdb_target *t, FILE *f, const struct cpu *c,
                          const struct feature *w)
{
    fprintf(f, "<feature name=\"%s\">\n%s", w->name, w->types ? w->types : "");
    for (unsigned i = 0; i < w->count; i++) {
        if (!add_slot(t, c, &w->rows[i]))
            return false;
        write_slot(f, &t->slots[t->count - 1], t->count - 1);
    }
    fputs("</feature>\n", f);
    return true;
}

/* All that a person looks at, under the names that it has. */
static bool write_own(struct gdb_target *t, FILE *f, const struct cpu *c)
{
    static const char *const types[] = {
        [1] = "uint8", [2] = "uint16", [4] = "uint32", [8] = "uint64"
    };

    fprintf(f, "<feature name=\"org.mews.%s\">\n", c->isa);
    for (const char *at = c->registers; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        struct row r = { .how = GDB_FIELD };
        struct field_ref ref;
        char name[32];

        snprintf(name, sizeof name, "%.*s", (int)len, at);
        at += len;
        if (!find(c, name, &ref) || ref.field->size >= ARRAY_SIZE(types) || !types[ref.field->size])
            continue;
        r.name = r.field = name;
        r.bits = (u8)(8 * ref.field->size);
        r.type = types[ref.field->size];
        if (!add_slot(t, c, &r))
            return false;
        write_slot(f, &t->slots[t->count - 1], t->count - 1);
    }
    fputs("</feature>\n", f);
    return true;
}

int gdb_target_init(struct gdb_target *t, const struct cpu *c, struct err *e)
{
    const struct isa *isa = find_isa(c);
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    bool fits = true;

    *t = (struct gdb_target) { .count = 0 };
    if (!f)
        return err_set(e, ERR_NOMEM, "no memory for a description");
    fprintf(f,
            "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
            "<target version=\"1.0\">\n<architecture>%s</architecture>\n",
            isa->architecture);
    for (unsigned i = 0; i < FEATURES_MAX && isa->features[i].name; i++)
        fits = fits && write_feature(t, f, c, &isa->features[i]);
    if (!isa->name)
        fits = fits && write_own(t, f, c);
    fputs("</target>\n", f);
    if (fclose(f) || !fits) {
        free(text);
        return err_set(e, ERR_NOMEM, "no room for a description");
    }
    t->description = text;
    return 0;
}

void gdb_target_fini(struct gdb_target *t)
{
    free(t->description);
    t->description = NULL;
}

/* ---- values ---- */

/* The bytes of the CPU's field from s->at on, `len` of them; NULL: it has none. */
static const u8 *bytes_of(const struct gdb_slot *s, const struct cpu *c, unsigned at, size_t len)
{
    const struct component *state = c->state;
    const struct field *f = field_named(state->fields, s->field, strlen(s->field));

    return f && f->type == FIELD_u8 && at + len <= f->count
               ? (const u8 *)state->self + f->offset + at
               : NULL;
}

enum { TAG_EMPTY = 3, X87_STATUS = 2, X87_FIRST = 32, XSAVE_HAS = 512 };

/* What a tag says of a value of x87's: valid, zero, or special. */
static unsigned tag_of(const u8 *value)
{
    unsigned exponent = (value[8] | value[9] << 8) & 0x7fff;
    u8 any = 0;

    for (unsigned i = 0; i < 8; i++)
        any |= value[i];
    if (!exponent && !any)
        return 1;
    return exponent == 0x7fff || !(value[7] & 0x80) ? 2 : 0;
}

static u16 tags_of(const u8 *area, u8 used)
{
    unsigned top = area[X87_STATUS + 1] >> 3 & 7, tags = 0;

    for (unsigned i = 0; i < 8; i++)
        tags |= (used >> i & 1 ? tag_of(area + X87_FIRST + 16 * ((i - top) & 7)) : TAG_EMPTY)
                << 2 * i;
    return (u16)tags;
}

size_t gdb_target_get(const struct gdb_slot *s, const struct debug *d, u8 out[GDB_REGISTER_BYTES])
{
    const struct cpu *c = debug_cpu(d);
    size_t len = gdb_slot_bytes(s);
    struct field_ref ref;
    const u8 *from;
    u64 v;

    memset(out, 0, GDB_REGISTER_BYTES);
    if (!*s->field || s->how == GDB_NOTHING)
        return 0;
    if (s->how == GDB_FIELD) {
        if (!find(c, s->field, &ref))
            return 0;
        v = field_get(&ref);
        for (size_t i = 0; i < len && i < 8; i++)
            out[i] = (u8)(v >> 8 * i);
        return len;
    }
    from = bytes_of(s, c, s->at, s->take);
    if (!from)
        return 0;
    memcpy(out, from, s->take);
    if (s->how == GDB_TAGS) {
        const u8 *area = bytes_of(s, c, 0, XSAVE_HAS);
        u16 tags = area ? tags_of(area, out[0]) : 0;

        out[0] = (u8)tags;
        out[1] = (u8)(tags >> 8);
    }
    return len;
}

/* Where they differ from what is there. */
static int set_bytes(const struct gdb_slot *s, struct debug *d, unsigned at, const u8 *in,
                     size_t len, struct err *e)
{
    const u8 *was = bytes_of(s, debug_cpu(d), at, len);
    char name[48];

    if (!was)
        return err_set(e, ERR_NOTSUP, "%s: this CPU has none", s->name);
    for (size_t i = 0; i < len; i++) {
        if (was[i] == in[i])
            continue;
        snprintf(name, sizeof name, "%s[%zu]", s->field, at + i);
        if (debug_set_register(d, name, in[i], e))
            return -(int)e->code;
    }
    return 0;
}

static int set_value(const struct gdb_slot *s, struct debug *d, const u8 *in, struct err *e)
{
    struct field_ref ref;
    u64 v = 0;

    for (size_t i = 0; i < gdb_slot_bytes(s) && i < 8; i++)
        v |= (u64)in[i] << 8 * i;
    if (!find(debug_cpu(d), s->field, &ref))
        return err_set(e, ERR_NOTSUP, "%s: this CPU has none", s->name);
    if (field_get(&ref) == v)
        return 0;
    if (!field_fits(ref.field, v))
        return err_set(e, ERR_USAGE, "%s cannot be that", s->name);
    return debug_set_register(d, s->field, v, e);
}

int gdb_target_set(const struct gdb_slot *s, struct debug *d, const u8 in[GDB_REGISTER_BYTES],
                   struct err *e)
{
    u8 bytes[GDB_REGISTER_BYTES], has;
    const u8 *was;

    if (!*s->field || s->how == GDB_NOTHING)
        return err_set(e, ERR_NOTSUP, "%s: this CPU has none", s->name);
    if (s->how == GDB_FIELD)
        return set_value(s, d, in, e);
    memcpy(bytes, in, sizeof bytes);
    if (s->how == GDB_TAGS) {
        unsigned tags = in[0] | in[1] << 8;

        bytes[0] = 0;
        for (unsigned i = 0; i < 8; i++)
            bytes[0] |= (u8)((tags >> 2 * i & 3) != TAG_EMPTY) << i;
    }
    was = bytes_of(s, debug_cpu(d), XSAVE_HAS, 1);
    has = was ? *was | (s->how == GDB_SSE ? 2 : 1) : 0;
    if (set_bytes(s, d, XSAVE_HAS, &has, 1, e))
        return -(int)e->code;
    return set_bytes(s, d, s->at, bytes, s->take, e);
}

/* ---- memory ---- */

static void write_region(FILE *f, const char *type, u64 first, u64 bytes)
{
    if (bytes)
        fprintf(f, "<memory type=\"%s\" start=\"0x%llx\" length=\"0x%llx\"/>\n", type,
                (unsigned long long)first, (unsigned long long)bytes);
}

/* Where the CPU sees what the space has, at the address that the space says: not behind page
 * tables, not in a window. */
static bool is_seen(struct cpu *c, const struct space *s)
{
    u8 there[64];
    size_t len = s->size_bytes < sizeof there ? (size_t)s->size_bytes : sizeof there;

    for (u64 at = 0; at < s->size_bytes; at += SPACE_PAGE_BYTES) {
        size_t n = s->size_bytes - at < len ? (size_t)(s->size_bytes - at) : len;

        if (!c->machine->kind->peek ||
            !c->machine->kind->peek(c, CPU_VIRTUAL, s->base + at, there, n) ||
            memcmp(there, s->bytes + at, n) != 0)
            return false;
    }
    return true;
}

/* The next space of ROM at or behind an address that lies in an address space of `most` + 1 bytes;
 * NULL: none. */
static const struct space *next_rom(struct cpu *c, u64 from, u64 most)
{
    const struct space *next = NULL;

    for (const struct space *s = c->machine->spaces; s; s = s->next)
        if (s->flags & SPACE_ROM && s->size_bytes && s->base >= from && s->base <= most &&
            s->size_bytes - 1 <= most - s->base && (!next || s->base < next->base) && is_seen(c, s))
            next = s;
    return next;
}

char *gdb_memory_map(const struct cpu *given)
{
    struct cpu *c = &given->machine->cpus[given->index];
    struct field_ref pc;
    char name[32], *text = NULL;
    u64 at = 0, most;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    const struct space *s;

    if (!f)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(c->registers, " "), c->registers);
    most = find(c, name, &pc) && pc.field->size < 8 ? (1ull << 8 * pc.field->size) - 1 : UINT64_MAX;
    fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory "
          "Map V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n",
          f);
    while ((s = next_rom(c, at, most))) {
        write_region(f, "ram", at, s->base - at);
        write_region(f, "rom", s->base, s->size_bytes);
        at = s->base + s->size_bytes;
        if (s->base + (s->size_bytes - 1) == most)
            break;
    }
    if (!s && most == UINT64_MAX && !at) { /* its length is no number of 64 bits */
        write_region(f, "ram", 0, 1ull << 63);
        write_region(f, "ram", 1ull << 63, 1ull << 63);
    } else if (!s) {
        write_region(f, "ram", at, most - at + 1);
    }
    fputs("</memory-map>\n", f);
    if (fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}
