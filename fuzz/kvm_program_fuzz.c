/* Programs for the board `micro`: byte 0 says how much memory there is (in 64 KiB, and whether the
 * rest is an ELF file whatever it says); what is taken fits into it, and is loaded. */
#include "fuzz/target.h"
#include "kinds/kvm/entry.h"
#include "kinds/kvm/program.h"

enum { STEP = 1 << 16, FLOOR = ENTRY_FLOOR };

static void check_loaded(const struct program *p, u64 memory_bytes)
{
    u8 *memory = calloc(1, memory_bytes);
    struct vcpu_state *s = calloc(1, sizeof *s);
    struct err e = { 0 };

    if (!memory || !s)
        abort();
    program_load(p, memory); /* the sanitizer looks where to */
    if (memory_bytes >= ENTRY_MEMORY) {
        if (entry_prepare(p, s, memory, &e))
            must(e.code && e.text[0]);
        else
            must(s->pc == s->cs.base + s->rip);
    }
    free(memory);
    free(s);
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t len)
{
    struct program p = { .entry = 42 };
    struct err e = { 0 };
    u64 memory_bytes;
    bool raw;

    if (!len)
        return 0;
    raw = in[0] & 0x80;
    memory_bytes = (u64)(1 + (in[0] & 0x3f)) * STEP;
    if (raw ? program_read_raw(&p, in + 1, len - 1, 0x7c00, memory_bytes, &e)
            : program_read_elf(&p, in + 1, len - 1, memory_bytes, FLOOR, &e)) {
        must(e.code && e.text[0]);
        must(p.entry == 42 && !p.image);
        return 0;
    }
    must(p.mode != MODE_AUTO && p.first < p.end && p.end <= memory_bytes);
    must(p.entry >= p.first && p.entry < p.end);
    must(raw || p.first >= FLOOR);
    check_loaded(&p, memory_bytes);
    return 0;
}
