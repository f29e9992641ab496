/* A small 6502v program for the debugger's targets, on a machine that stops when it has run for
 * long enough; and must(), for both. */
#ifndef FUZZ_SMALL_MACHINE_H
#define FUZZ_SMALL_MACHINE_H

#include "kinds/nes/nes_kind.h"

#include <stdlib.h>
#include <string.h>

enum { ROM_BYTES = 4 + 0x6000 };

static u64 budget; /* ticks */

/* Also where must() is compiled out. */
static void must(bool so)
{
    if (!so)
        abort();
}

static enum stop run_a_little(struct machine *m, u64 until, struct stop_info *info)
{
    u64 from = m->now, most = until - from < budget ? until : from + budget;
    enum stop why = nes_kind.run(m, most, info);

    budget -= m->now - from < budget ? m->now - from : budget;
    return why;
}

static struct machine *make_machine(struct kind *k)
{
    static const u8 program[] = { 0xa2, 0x05, 0x86, 0x20, 0x20, 0x0c, 0xa0, 0xca,
                                  0xd0, 0xf8, 0x80, 0x01, 0xe6, 0x20, 0x60 };
    static u8 image[ROM_BYTES] = "HKNS";
    struct config c = { .name = "fuzz", .image = image, .image_bytes = ROM_BYTES };
    struct machine *m = NULL;
    struct err e;

    memcpy(image + 4, program, sizeof program);
    memcpy(image + ROM_BYTES - 6, "\x0c\xa0\x00\xa0\x0c\xa0", 6);
    *k = nes_kind;
    k->run = run_a_little;
    must(!nes_kind.create(k, &c, NULL, &m, &e));
    return m;
}

#endif
