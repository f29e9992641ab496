#include "kinds/kvm/program.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

enum { SEGMENTS_MAX = 64 };

/* What the two classes of ELF have in common. */
struct segment {
    u32 type;
    u64 offset, address, file_bytes, memory_bytes;
};

bool program_is_elf(const u8 *image, size_t bytes)
{
    return bytes >= SELFMAG && !memcmp(image, ELFMAG, SELFMAG);
}

const char *program_mode_name(enum program_mode m)
{
    static const char *const names[] = { "auto", "real", "protected", "long" };

    return names[m];
}

static int bad(struct err *e, const char *what)
{
    return err_set(e, ERR_FORMAT, "damaged ELF file: %s", what);
}

/* ---- the header ---- */

struct table {
    u64 at, entry_bytes, count;
};

/* What both sizes of header have in common. */
static int take_header(struct program *p, unsigned machine, unsigned type, u64 entry,
                       bool entries_fit, struct err *e)
{
    bool wide = p->image[EI_CLASS] == ELFCLASS64;

    if (machine != (wide ? EM_X86_64 : EM_386))
        return err_set(e, ERR_FORMAT, "an ELF file for another processor (machine %u, not x86%s)",
                       machine, wide ? "-64" : "");
    if (type != ET_EXEC)
        return err_set(e, ERR_FORMAT, "an ELF file, but no program with a fixed place (type %u)",
                       type);
    p->mode = wide ? MODE_LONG : MODE_PROTECTED;
    p->entry = entry;
    return entries_fit ? 0 : bad(e, "the size of its segment headers");
}

static int read_header_32(struct program *p, struct table *t, struct err *e)
{
    Elf32_Ehdr h;

    if (p->bytes < sizeof h)
        return bad(e, "cut short");
    memcpy(&h, p->image, sizeof h);
    *t = (struct table) { h.e_phoff, h.e_phentsize, h.e_phnum };
    return take_header(p, h.e_machine, h.e_type, h.e_entry, h.e_phentsize == sizeof(Elf32_Phdr), e);
}

static int read_header_64(struct program *p, struct table *t, struct err *e)
{
    Elf64_Ehdr h;

    if (p->bytes < sizeof h)
        return bad(e, "cut short");
    memcpy(&h, p->image, sizeof h);
    *t = (struct table) { h.e_phoff, h.e_phentsize, h.e_phnum };
    return take_header(p, h.e_machine, h.e_type, h.e_entry, h.e_phentsize == sizeof(Elf64_Phdr), e);
}

static int read_header(struct program *p, struct table *t, struct err *e)
{
    if (p->bytes < EI_NIDENT)
        return bad(e, "cut short");
    if (p->image[EI_DATA] != ELFDATA2LSB)
        return err_set(e, ERR_FORMAT, "an ELF file for another processor (big-endian)");
    switch (p->image[EI_CLASS]) {
    case ELFCLASS32: return read_header_32(p, t, e);
    case ELFCLASS64: return read_header_64(p, t, e);
    default: return bad(e, "neither 32 nor 64 bits");
    }
}

/* ---- segments ---- */

static struct segment segment_at(const struct program *p, const struct table *t, u64 i)
{
    const u8 *at = p->image + t->at + i * t->entry_bytes;
    Elf32_Phdr s;
    Elf64_Phdr l;

    if (p->image[EI_CLASS] == ELFCLASS32) {
        memcpy(&s, at, sizeof s);
        return (struct segment) { s.p_type, s.p_offset, s.p_paddr, s.p_filesz, s.p_memsz };
    }
    memcpy(&l, at, sizeof l);
    return (struct segment) { l.p_type, l.p_offset, l.p_paddr, l.p_filesz, l.p_memsz };
}

static int check_segment(struct program *p, const struct segment *s, u64 memory_bytes, u64 floor,
                         struct err *e)
{
    u64 end = s->address + s->memory_bytes;

    if (s->offset > p->bytes || s->file_bytes > p->bytes - s->offset)
        return bad(e, "a segment is outside the file");
    if (s->file_bytes > s->memory_bytes)
        return bad(e, "a segment is larger in the file than in memory");
    if (end < s->address || end > memory_bytes)
        return err_set(
            e, ERR_LIMIT,
            "it wants memory at %#llx, %llu bytes; there are %llu MiB (--set memory=MIB)",
            (unsigned long long)s->address, (unsigned long long)s->memory_bytes,
            (unsigned long long)memory_bytes >> 20);
    if (s->address < floor)
        return err_set(e, ERR_LIMIT,
                       "it wants memory at %#llx; what is below %#llx holds the tables with which "
                       "it is entered",
                       (unsigned long long)s->address, (unsigned long long)floor);
    p->first = s->address < p->first ? s->address : p->first;
    p->end = end > p->end ? end : p->end;
    return 0;
}

static bool loads(const struct segment *s)
{
    return s->type == PT_LOAD && s->memory_bytes;
}

int program_read_elf(struct program *out, const u8 *image, size_t bytes, u64 memory_bytes,
                     u64 floor, struct err *e)
{
    struct program p = { .image = image, .bytes = bytes, .elf = true, .first = UINT64_MAX };
    struct table t;

    if (read_header(&p, &t, e))
        return -(int)e->code;
    if (!t.count || t.count > SEGMENTS_MAX)
        return err_set(e, ERR_FORMAT, "an ELF file with %llu segments (1 to %d can be)",
                       (unsigned long long)t.count, SEGMENTS_MAX);
    if (t.at > bytes || t.count * t.entry_bytes > bytes - t.at)
        return bad(e, "its segment headers are outside the file");
    for (u64 i = 0; i < t.count; i++) {
        struct segment s = segment_at(&p, &t, i);

        if (loads(&s) && check_segment(&p, &s, memory_bytes, floor, e))
            return -(int)e->code;
    }
    if (p.first == UINT64_MAX)
        return err_set(e, ERR_FORMAT, "an ELF file with nothing to load");
    if (p.entry < p.first || p.entry >= p.end)
        return err_set(e, ERR_FORMAT,
                       "an ELF file that begins at %#llx, where it loads nothing (are its physical "
                       "addresses others than its virtual ones?)",
                       (unsigned long long)p.entry);
    *out = p;
    return 0;
}

int program_read_raw(struct program *p, const u8 *image, size_t bytes, u64 load, u64 memory_bytes,
                     struct err *e)
{
    if (!bytes)
        return err_set(e, ERR_FORMAT, "an empty file");
    if (load > memory_bytes || bytes > memory_bytes - load)
        return err_set(e, ERR_LIMIT,
                       "%zu bytes do not fit behind %#llx: there are %llu MiB (--set memory=MIB)",
                       bytes, (unsigned long long)load, (unsigned long long)memory_bytes >> 20);
    *p = (struct program) { .image = image,
                            .bytes = bytes,
                            .mode = MODE_REAL,
                            .entry = load,
                            .first = load,
                            .end = load + bytes };
    return 0;
}

void program_load(const struct program *p, u8 *memory)
{
    struct table t;
    struct program again = *p;
    struct err e;

    if (!p->elf) {
        memcpy(memory + p->first, p->image, p->bytes);
        return;
    }
    if (read_header(&again, &t, &e))
        assert(!"it was read before");
    for (u64 i = 0; i < t.count; i++) {
        struct segment s = segment_at(&again, &t, i);

        if (loads(&s))
            memcpy(memory + s.address, p->image + s.offset, s.file_bytes);
    }
}
