#include "host/elf.h"

#include "host/module.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

elf_symbols_fn mews_elf_symbols;

static int no_memory(struct err *e)
{
    return err_set(e, ERR_NOMEM, "no memory for symbols");
}

/* Functions and objects are addresses; what has no section is a constant. */
static int read_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *header, const struct elf_sink *sink,
                      struct err *e)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

    for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
        const char *name;
        GElf_Sym s;

        if (!gelf_getsym(data, (int)i, &s) || s.st_shndx == SHN_UNDEF ||
            GELF_ST_TYPE(s.st_info) == STT_FILE || GELF_ST_TYPE(s.st_info) == STT_SECTION)
            continue;
        name = elf_strptr(elf, header->sh_link, s.st_name);
        if (name && *name && !sink->symbol(sink->ctx, name, s.st_value, s.st_shndx != SHN_ABS))
            return no_memory(e);
    }
    return 0;
}

static int read_names(Elf *elf, const struct elf_sink *sink, struct err *e)
{
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr header;

        if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB &&
            read_table(elf, scn, &header, sink, e))
            return -(int)e->code;
    }
    return 0;
}

/* A row of the line table lasts until the next one of its sequence. */
static int read_rows(Dwarf_Lines *lines, size_t count, const struct elf_sink *sink, struct err *e)
{
    for (size_t i = 0; i + 1 < count; i++) {
        Dwarf_Line *row = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
        Dwarf_Addr first, end;
        const char *file;
        bool last = true;
        int number;

        if (dwarf_lineendsequence(row, &last) || last || dwarf_lineaddr(row, &first) ||
            dwarf_lineaddr(next, &end) || end <= first || dwarf_lineno(row, &number) || number <= 0)
            continue;
        file = dwarf_linesrc(row, NULL, NULL);
        if (file && !sink->line(sink->ctx, file, (u32)number, first, end - first))
            return no_memory(e);
    }
    return 0;
}

static int read_lines(Dwarf *dwarf, const struct elf_sink *sink, struct err *e)
{
    Dwarf_Off at = 0, next;
    size_t header;

    while (!dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL)) {
        Dwarf_Die unit;
        Dwarf_Lines *lines;
        size_t count;

        if (dwarf_offdie(dwarf, at + header, &unit) && !dwarf_getsrclines(&unit, &lines, &count) &&
            read_rows(lines, count, sink, e))
            return -(int)e->code;
        at = next;
    }
    return 0;
}

MODULE_EXPORT int mews_elf_symbols(const char *path, const struct elf_sink *sink, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), r;
    Dwarf *dwarf;
    Elf *elf;

    if (fd < 0)
        return err_set(e, ERR_SYS, "%s", path);
    elf_version(EV_CURRENT);
    elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf || elf_kind(elf) != ELF_K_ELF) {
        r = err_set(e, ERR_FORMAT, "%s: no ELF file, or a damaged one", path);
    } else {
        r = read_names(elf, sink, e);
        dwarf = r ? NULL : dwarf_begin_elf(elf, DWARF_C_READ, NULL);
        if (dwarf)
            r = read_lines(dwarf, sink, e);
        dwarf_end(dwarf);
    }
    elf_end(elf);
    close(fd);
    return r;
}
