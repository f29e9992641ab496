#include "kinds/kvm/linux.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    HEADER = 0x1f1,        /* struct setup_header in a bzImage */
    PROTOCOL_MIN = 0x020c, /* 2.12: xloadflags */
    ENTRY_64 = 0x200,      /* from the beginning of the protected-mode part */
    SECTOR = 512,
    PAGE = 4096,
    RAM = 1, /* e820's types, which are PVH's too */
    RESERVED = 2,
    LOADER_UNKNOWN = 0xff,
    NOTE_PHYS32_ENTRY = 18,
};
#define MAGIC_HDRS  0x53726448u /* "HdrS" */
#define MAGIC_START 0x336ec578u /* "xEn3" */
#define FOUR_GIB    (1ull << 32)

/* ---- the map of memory ---- */

struct range {
    u64 start, bytes;
    u32 type;
};
enum { RANGES = 5 };

static unsigned map_memory(const struct linux_memory *m, struct range out[RANGES])
{
    unsigned n = 0;

    out[n++] = (struct range) { 0, LINUX_LOW_END, RAM };
    out[n++] = (struct range) { LINUX_LOW_END, 0xa0000 - LINUX_LOW_END, RESERVED };
    out[n++] = (struct range) { LINUX_BIOS, LINUX_HIGH - LINUX_BIOS, RESERVED };
    out[n++] = (struct range) { LINUX_HIGH, m->low_bytes - LINUX_HIGH, RAM };
    if (m->high_bytes)
        out[n++] = (struct range) { FOUR_GIB, m->high_bytes, RAM };
    return n;
}

/* ---- what both doors have in common ---- */

static int put_command_line(const struct linux_image *i, const struct linux_memory *m, u64 most,
                            struct err *e)
{
    size_t len = strlen(i->command_line);

    if (len >= LINUX_COMMAND_LINE_BYTES || len > most)
        return err_set(e, ERR_LIMIT,
                       "the command line of %zu bytes is longer than the kernel takes", len);
    memcpy(m->low + LINUX_COMMAND_LINE, i->command_line, len + 1);
    return 0;
}

/* As high as it can be, above what the kernel needs for itself. */
static int put_initrd(const struct linux_image *i, const struct linux_memory *m, u64 kernel_end,
                      u64 last, u64 *where, struct err *e)
{
    u64 end = m->low_bytes - 1 < last ? m->low_bytes : last + 1;

    *where = 0;
    if (!i->initrd)
        return 0;
    if (i->initrd_bytes > end || ((end - i->initrd_bytes) & ~(u64)(PAGE - 1)) < kernel_end)
        return err_set(e, ERR_LIMIT,
                       "%llu MiB of memory are too little for the kernel and an initrd of %zu MiB",
                       (unsigned long long)(m->low_bytes >> 20), i->initrd_bytes >> 20);
    *where = (end - i->initrd_bytes) & ~(u64)(PAGE - 1);
    memcpy(m->low + *where, i->initrd, i->initrd_bytes);
    return 0;
}

static int too_small(const struct linux_memory *m, u64 wanted, struct err *e)
{
    return err_set(e, ERR_LIMIT, "%llu MiB of memory are too little: the kernel wants %llu MiB",
                   (unsigned long long)(m->low_bytes >> 20),
                   (unsigned long long)((wanted + (1 << 20) - 1) >> 20));
}

/* ---- bzImage ---- */

static bool is_bzimage(const u8 *k, size_t bytes)
{
    u32 magic;

    if (bytes < HEADER + sizeof(struct setup_header))
        return false;
    memcpy(&magic, k + 0x202, sizeof magic);
    return k[0x1fe] == 0x55 && k[0x1ff] == 0xaa && magic == MAGIC_HDRS;
}

/* Reads the header as far as this kernel's has one (boot.rst: it ends at 0x202 + byte 0x201). */
static int read_header(const struct linux_image *i, struct setup_header *h, size_t *setup_bytes,
                       struct err *e)
{
    size_t len = 0x202u + i->kernel[0x201] - HEADER;

    memset(h, 0, sizeof *h);
    memcpy(h, i->kernel + HEADER, len < sizeof *h ? len : sizeof *h);
    *setup_bytes = ((h->setup_sects ? h->setup_sects : 4) + 1u) * SECTOR;
    if (h->version < PROTOCOL_MIN || !(h->xloadflags & XLF_KERNEL_64))
        return err_set(
            e, ERR_NOTSUP,
            "the kernel has no 64-bit entry (boot protocol %u.%02u): want x86-64, 3.8 or later",
            h->version >> 8, h->version & 0xff);
    if (*setup_bytes + ENTRY_64 >= i->kernel_bytes)
        return err_set(e, ERR_FORMAT, "the kernel is cut short: %zu bytes", i->kernel_bytes);
    return 0;
}

/* Where the kernel goes, and how far it will reach until it has read the map of memory. */
static int place_kernel(const struct setup_header *h, const struct linux_memory *m, size_t bytes,
                        u64 *at, u64 *end, struct err *e)
{
    u64 needs = h->init_size > bytes ? h->init_size : bytes;

    *at = h->pref_address;
    if (*at < LINUX_HIGH || *at > m->low_bytes || m->low_bytes - *at < needs) {
        if (!h->relocatable_kernel)
            return too_small(m, h->pref_address + needs, e);
        *at = LINUX_HIGH;
        if (h->kernel_alignment > 1 && h->kernel_alignment <= 1u << 30)
            *at = (*at + h->kernel_alignment - 1) / h->kernel_alignment * h->kernel_alignment;
    }
    if (*at > m->low_bytes || m->low_bytes - *at < needs)
        return too_small(m, *at + needs, e);
    *end = *at + needs;
    return 0;
}

static void fill_params(struct boot_params *p, const struct linux_image *i,
                        const struct linux_memory *m, u64 initrd)
{
    struct range map[RANGES];
    unsigned n = map_memory(m, map);

    p->hdr.type_of_loader = LOADER_UNKNOWN;
    p->hdr.loadflags |= LOADED_HIGH;
    p->hdr.ramdisk_image = (u32)initrd;
    p->hdr.ramdisk_size = i->initrd ? (u32)i->initrd_bytes : 0;
    p->hdr.cmd_line_ptr = LINUX_COMMAND_LINE;
    p->acpi_rsdp_addr = i->rsdp;
    for (unsigned k = 0; k < n; k++)
        p->e820_table[k] = (struct boot_e820_entry) { map[k].start, map[k].bytes, map[k].type };
    p->e820_entries = (u8)n;
}

static int load_bzimage(const struct linux_image *i, const struct linux_memory *m,
                        struct linux_entry *out, struct err *e)
{
    struct boot_params p = { 0 };
    size_t setup, bytes;
    u64 at, end = 0, initrd;

    if (read_header(i, &p.hdr, &setup, e))
        return -(int)e->code;
    bytes = i->kernel_bytes - setup;
    if (place_kernel(&p.hdr, m, bytes, &at, &end, e) ||
        put_command_line(i, m, p.hdr.cmdline_size, e) ||
        put_initrd(i, m, end, p.hdr.initrd_addr_max, &initrd, e))
        return -(int)e->code;
    memcpy(m->low + at, i->kernel + setup, bytes);
    fill_params(&p, i, m, initrd);
    memcpy(m->low + LINUX_PARAMS, &p, sizeof p);
    *out = (struct linux_entry) {
        .long_mode = true, .rip = at + ENTRY_64, .rsi = LINUX_PARAMS, .bits = 64
    };
    return 0;
}

/* But for gzip, whose format ends with it, the size unpacked is put behind what the compressor made
 * (Linux, scripts/Makefile.lib: size_append); a compressor would take it for damage. */
int linux_payload(const u8 *kernel, size_t bytes, size_t *at, size_t *len, struct err *e)
{
    const struct linux_image i = { .kernel = kernel, .kernel_bytes = bytes };
    struct setup_header h;
    size_t setup, tail = sizeof(u32);

    if (!is_bzimage(kernel, bytes))
        return err_set(e, ERR_FORMAT, "not a bzImage");
    if (read_header(&i, &h, &setup, e))
        return -(int)e->code;
    if (h.payload_length <= tail || h.payload_offset > bytes - setup ||
        h.payload_length > bytes - setup - h.payload_offset)
        return err_set(e, ERR_FORMAT, "no compressed kernel is where the header says");
    *at = setup + h.payload_offset;
    *len = h.payload_length - (kernel[*at] == 0x1f && kernel[*at + 1] == 0x8b ? 0 : tail);
    return 0;
}

/* ---- PVH ---- */

struct start_info { /* version 1 */
    u32 magic, version, flags, module_count;
    u64 modules, command_line, rsdp;
    u64 map;
    u32 map_count, reserved;
};
struct start_module {
    u64 start, bytes, command_line, reserved;
};
struct start_range {
    u64 start, bytes;
    u32 type, reserved;
};

struct elf { /* of 32 or 64 bit, as far as it is needed */
    const u8 *bytes;
    size_t len;
    bool wide;
    u64 headers, header_bytes, header_count;
};

static bool read_elf(const u8 *k, size_t len, struct elf *out)
{
    Elf64_Ehdr h;
    Elf32_Ehdr s;

    if (len < sizeof h || memcmp(k, ELFMAG, SELFMAG) != 0 || k[EI_DATA] != ELFDATA2LSB)
        return false;
    memcpy(&h, k, sizeof h);
    memcpy(&s, k, sizeof s);
    *out = (struct elf) { .bytes = k, .len = len, .wide = k[EI_CLASS] == ELFCLASS64 };
    out->headers = out->wide ? h.e_phoff : s.e_phoff;
    out->header_bytes = out->wide ? h.e_phentsize : s.e_phentsize;
    out->header_count = out->wide ? h.e_phnum : s.e_phnum;
    return out->header_bytes >= (out->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) &&
           out->headers <= len && out->header_bytes * out->header_count <= len - out->headers;
}

/* Program header n; false when what it names is not all in the file. */
static bool read_segment(const struct elf *f, u64 n, Elf64_Phdr *out)
{
    const u8 *at = f->bytes + f->headers + n * f->header_bytes;
    Elf32_Phdr s;

    if (f->wide) {
        memcpy(out, at, sizeof *out);
    } else {
        memcpy(&s, at, sizeof s);
        *out = (Elf64_Phdr) { .p_type = s.p_type,
                              .p_offset = s.p_offset,
                              .p_paddr = s.p_paddr,
                              .p_filesz = s.p_filesz,
                              .p_memsz = s.p_memsz,
                              .p_align = s.p_align };
    }
    return out->p_offset <= f->len && out->p_filesz <= f->len - out->p_offset;
}

/* The entry in one segment of notes; 0: none. */
static u64 find_note(const u8 *at, u64 len, u64 align)
{
    u64 pad = align == 8 ? 7 : 3;

    while (len >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        u64 name, desc, entry = 0;

        memcpy(&n, at, sizeof n);
        at += sizeof n;
        len -= sizeof n;
        name = (n.n_namesz + pad) & ~pad;
        desc = (n.n_descsz + pad) & ~pad;
        if (name > len || n.n_descsz > len - name)
            return 0;
        if (n.n_type == NOTE_PHYS32_ENTRY && n.n_namesz == 4 && !memcmp(at, "Xen", 4) &&
            (n.n_descsz == 4 || n.n_descsz == 8)) {
            memcpy(&entry, at + name, n.n_descsz);
            return entry;
        }
        if (desc > len - name)
            return 0;
        at += name + desc;
        len -= name + desc;
    }
    return 0;
}

/* 0: none, as in every ELF file that is no such kernel. */
static u64 pvh_entry(const struct elf *f)
{
    u64 entry = 0;

    for (u64 n = 0; !entry && n < f->header_count; n++) {
        Elf64_Phdr p;

        if (read_segment(f, n, &p) && p.p_type == PT_NOTE)
            entry = find_note(f->bytes + p.p_offset, p.p_filesz, p.p_align);
    }
    return entry;
}

static int load_segments(const struct elf *f, const struct linux_memory *m, u64 *end, struct err *e)
{
    *end = LINUX_HIGH;
    for (u64 n = 0; n < f->header_count; n++) {
        Elf64_Phdr p;

        if (!read_segment(f, n, &p))
            return err_set(e, ERR_FORMAT, "the kernel is cut short: segment %llu is not in it",
                           (unsigned long long)n);
        if (p.p_type != PT_LOAD || !p.p_memsz)
            continue;
        if (p.p_filesz > p.p_memsz)
            return err_set(e, ERR_FORMAT, "segment %llu is larger in the file than in memory",
                           (unsigned long long)n);
        if (p.p_paddr < LINUX_HIGH)
            return err_set(e, ERR_FORMAT, "segment %llu begins at 0x%llx, below 1 MiB",
                           (unsigned long long)n, (unsigned long long)p.p_paddr);
        if (p.p_paddr > m->low_bytes || p.p_memsz > m->low_bytes - p.p_paddr)
            return p.p_memsz > FOUR_GIB || p.p_paddr > FOUR_GIB
                       ? err_set(e, ERR_FORMAT, "segment %llu ends above 4 GiB",
                                 (unsigned long long)n)
                       : too_small(m, p.p_paddr + p.p_memsz, e);
        memcpy(m->low + p.p_paddr, f->bytes + p.p_offset, p.p_filesz);
        memset(m->low + p.p_paddr + p.p_filesz, 0, p.p_memsz - p.p_filesz);
        *end = p.p_paddr + p.p_memsz > *end ? p.p_paddr + p.p_memsz : *end;
    }
    return 0;
}

static void put_start_info(const struct linux_image *i, const struct linux_memory *m, u64 initrd)
{
    struct {
        struct start_info info;
        struct start_module module;
        struct start_range map[RANGES];
    } s = { 0 };
    struct range map[RANGES];
    unsigned n = map_memory(m, map);

    s.info = (struct start_info) { .magic = MAGIC_START,
                                   .version = 1,
                                   .module_count = i->initrd ? 1 : 0,
                                   .modules = LINUX_PARAMS + sizeof s.info,
                                   .command_line = LINUX_COMMAND_LINE,
                                   .rsdp = i->rsdp,
                                   .map = LINUX_PARAMS + sizeof s.info + sizeof s.module,
                                   .map_count = n };
    s.module = (struct start_module) { .start = initrd, .bytes = i->initrd_bytes };
    for (unsigned k = 0; k < n; k++)
        s.map[k] = (struct start_range) { map[k].start, map[k].bytes, map[k].type, 0 };
    memcpy(m->low + LINUX_PARAMS, &s, sizeof s);
}

static int load_pvh(const struct linux_image *i, const struct elf *f, const struct linux_memory *m,
                    struct linux_entry *out, struct err *e)
{
    u64 entry = pvh_entry(f), end, initrd;

    if (load_segments(f, m, &end, e) || put_command_line(i, m, LINUX_COMMAND_LINE_BYTES, e) ||
        put_initrd(i, m, end, FOUR_GIB - 1, &initrd, e))
        return -(int)e->code;
    if (entry < LINUX_HIGH || entry >= end)
        return err_set(e, ERR_FORMAT, "the entry 0x%llx is not in the kernel",
                       (unsigned long long)entry);
    put_start_info(i, m, initrd);
    *out = (struct linux_entry) { .rip = entry, .rbx = LINUX_PARAMS, .bits = f->wide ? 64 : 32 };
    return 0;
}

/* ---- both ---- */

const char *linux_accepts(const u8 *kernel, size_t bytes)
{
    struct elf f;

    if (is_bzimage(kernel, bytes))
        return "Linux kernel (bzImage)";
    return read_elf(kernel, bytes, &f) && pvh_entry(&f) ? "kernel (ELF with PVH entry)" : NULL;
}

int linux_load(const struct linux_image *i, const struct linux_memory *m, struct linux_entry *out,
               struct err *e)
{
    struct elf f;

    if (m->low_bytes <= LINUX_HIGH)
        return too_small(m, LINUX_HIGH + 1, e);
    if (is_bzimage(i->kernel, i->kernel_bytes))
        return load_bzimage(i, m, out, e);
    if (read_elf(i->kernel, i->kernel_bytes, &f))
        return load_pvh(i, &f, m, out, e);
    return err_set(e, ERR_FORMAT, "neither a bzImage nor an ELF file with a PVH entry");
}

bool linux_console_is(const char *command_line, const char *device)
{
    static const char word[] = "console=";
    bool is = false;

    for (const char *at = command_line; (at = strstr(at, word)); at += sizeof word - 1)
        if (at == command_line || at[-1] == ' ')
            is = !strncmp(at + sizeof word - 1, device, strlen(device));
    return is;
}

/* ---- for a person ---- */

struct lines {
    char *out;
    size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void add_line(struct lines *l, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(l->out + l->len, l->room - l->len, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < l->room - l->len)
        l->len += (size_t)n;
    else
        l->out[l->len] = 0; /* a whole line or none */
}

/* What of it is printable, from `at` on to the first byte that is not. */
static void add_version(struct lines *l, const u8 *bytes, size_t len, size_t at)
{
    char text[256];
    size_t n = 0;

    while (at + n < len && n < sizeof text - 1 && bytes[at + n] >= ' ' && bytes[at + n] <= '~') {
        text[n] = (char)bytes[at + n];
        n++;
    }
    text[n] = 0;
    if (n)
        add_line(l, "version: %s\n", text);
}

static const char *compressor(const u8 *at)
{
    static const struct {
        const char *name, *magic;
        size_t len;
    } known[] = {
        { "gzip", "\x1f\x8b", 2 },
        { "bzip2", "BZh", 3 },
        { "lzma", "\x5d\0\0", 3 },
        { "xz",
          "\xfd"
          "7zXZ",
          5 },
        { "lzo", "\x89LZO", 4 },
        { "lz4", "\x02\x21\x4c\x18", 4 },
        { "zstd", "\x28\xb5\x2f\xfd", 4 },
        { "no compressor", ELFMAG, SELFMAG },
    };

    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!memcmp(at, known[i].magic, known[i].len))
            return known[i].name;
    return "an unknown compressor";
}

static unsigned long long mib(u64 bytes)
{
    return (bytes + (1 << 20) - 1) >> 20;
}

static void describe_bzimage(struct lines *l, const u8 *kernel, size_t bytes)
{
    const struct linux_image i = { .kernel = kernel, .kernel_bytes = bytes };
    size_t setup, at, len, end;
    struct setup_header h;
    struct err e;
    u32 size;
    bool enters = !read_header(&i, &h, &setup, &e);

    if (h.kernel_version)
        add_version(l, kernel, bytes, h.kernel_version + 0x200u);
    add_line(l, "boot protocol: %u.%02u, %s\n", h.version >> 8, h.version & 0xff,
             enters ? "64-bit entry" : "no 64-bit entry: cannot run here");
    if (!enters || linux_payload(kernel, bytes, &at, &len, &e))
        return;
    end = setup + h.payload_offset + h.payload_length;
    memcpy(&size, kernel + end - sizeof size, sizeof size);
    add_line(l, "compressed: by %s, %llu MiB of %llu MiB\n", compressor(kernel + at), mib(len),
             mib(size));
    add_line(l, "command line: %u bytes at most\nmemory: %llu MiB at least\n", h.cmdline_size,
             mib(h.pref_address + h.init_size));
}

static void describe_elf(struct lines *l, const struct elf *f)
{
    static const char banner[] = "Linux version ";
    const u8 *at = f->bytes;
    size_t left = f->len;
    u64 end = 0;

    /* There are formats for it, too: "%s version %s". */
    while ((at = memmem(at, left, banner, sizeof banner - 1)) != NULL) {
        at += sizeof banner - 1;
        left = f->len - (size_t)(at - f->bytes);
        if (left && *at >= '0' && *at <= '9')
            break;
    }
    if (at)
        add_version(l, f->bytes, f->len, (size_t)(at - f->bytes));
    for (u64 n = 0; n < f->header_count; n++) {
        Elf64_Phdr p;

        if (read_segment(f, n, &p) && p.p_type == PT_LOAD && p.p_paddr + p.p_memsz > end)
            end = p.p_paddr + p.p_memsz;
    }
    add_line(l, "boot protocol: PVH, entry %#llx\ncompressed: no\nmemory: %llu MiB at least\n",
             (unsigned long long)pvh_entry(f), mib(end));
}

void linux_describe(const u8 *kernel, size_t bytes, char *out, size_t room)
{
    struct lines l = { .out = out, .room = room };
    struct elf f;

    *out = 0;
    add_line(&l, "bytes: %zu\n", bytes);
    if (is_bzimage(kernel, bytes))
        describe_bzimage(&l, kernel, bytes);
    else if (read_elf(kernel, bytes, &f))
        describe_elf(&l, &f);
}
