/* Names and source lines of an ELF file, by the module mews_elf.so (elfutils): only who debugs such
 * a guest needs it. */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include "base/err.h"
#include "base/types.h"

struct elf_sink { /* each returns false to give up: no memory */
    bool (*symbol)(void *ctx, const char *name, u64 value, bool address);
    /* A piece of code from a line of a source; pieces come in order of address within a file. */
    bool (*line)(void *ctx, const char *file, u32 line, u64 first, u64 bytes);
    void *ctx;
};

/* ERR_FORMAT: damaged. Without debugging information there are names only. */
int elf_symbols(const char *path, const struct elf_sink *sink, struct err *e);

/* What the module exports. */
#define ELF_SYMBOLS "mews_elf_symbols"
typedef int elf_symbols_fn(const char *path, const struct elf_sink *sink, struct err *e);

#endif
