/* A program for the bare machine: an ELF file, or bytes that are put where one wants them. */
#ifndef KVM_PROGRAM_H
#define KVM_PROGRAM_H

#include "base/err.h"
#include "base/types.h"

enum program_mode { MODE_AUTO, MODE_REAL, MODE_PROTECTED, MODE_LONG };

struct program {
    const u8 *image; /* borrowed */
    size_t bytes;
    bool elf;
    enum program_mode mode; /* never AUTO */
    u64 entry;              /* physical */
    u64 first, end;         /* the memory it takes, from and to */
};

/* Whether these are the bytes of an ELF file, damaged or not. */
bool program_is_elf(const u8 *image, size_t bytes);

/* Looks at an ELF file: ERR_FORMAT for what is damaged or not for this machine. Of what is loaded
 * nothing is outside `memory_bytes`, or below `floor`. */
int program_read_elf(struct program *p, const u8 *image, size_t bytes, u64 memory_bytes, u64 floor,
                     struct err *e);
/* Bytes that start at `load`, where they are entered. */
int program_read_raw(struct program *p, const u8 *image, size_t bytes, u64 load, u64 memory_bytes,
                     struct err *e);

/* Puts it into memory that is all zero. */
void program_load(const struct program *p, u8 *memory);

const char *program_mode_name(enum program_mode m);

#endif
