/* iNES and NES 2.0 headers: docs/formats/ines.md.
 *
 * A header says little and often wrongly, so parsing ends with what mews takes it to mean: RAM that
 * iNES cannot name, and numbers that stand for several boards narrowed to one submapper. */
#ifndef NES_INES_H
#define NES_INES_H

#include "base/err.h"
#include "base/types.h"

#define INES_HEADER_BYTES  16
#define INES_TRAINER_BYTES 512

struct ines {
    bool nes2;    /* NES 2.0: what it does not name is not there */
    bool archaic; /* bytes 7-15 are not to be trusted ("DiskDude!") */
    bool battery;
    u16 mapper;
    u8 submapper, mirroring, region; /* enum cart_mirroring, enum nes_region */
    u32 prg_rom, chr_rom, prg_ram, prg_nvram, chr_ram, chr_nvram; /* bytes */
    u32 trainer_at, prg_at, chr_at; /* where they begin in the file; no trainer: 0 */
};

bool ines_is(const u8 *image, size_t bytes);

/* Reads the header and checks that the file holds what it promises; bytes after that are ignored.
 */
int ines_parse(const u8 *h, size_t bytes, struct ines *out, struct err *e);

#endif
