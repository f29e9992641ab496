#include "host/elf.h"

#include "host/module.h"

#include <string.h>

int elf_symbols(const char *path, const struct elf_sink *sink, struct err *e)
{
    elf_symbols_fn *read;
    void *entry;

    if (module_open("elf", ELF_SYMBOLS, &entry, e))
        return -(int)e->code;
    memcpy(&read, &entry, sizeof read); /* what dlsym() gives is no function for ISO C */
    return read(path, sink, e);
}
