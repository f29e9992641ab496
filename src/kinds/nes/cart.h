/* The cartridge: ROMs, RAMs, and the board (mapper) that decides what the two buses see.
 *
 * The CPU and the PPU read plain memory through the windows below without calling the board. The
 * board is called for what is not plain memory: registers, chips that watch a bus, time.
 *
 * Time is counted in CPU cycles since power-on (`clk`). An access in cycle n passes clk = n. A
 * board that counts cycles catches up: run(c, clk) brings it to the start of cycle clk, and always
 * sets c->deadline to the clk at which run() will next change c->irq (EVENT_NEVER: not by itself).
 */
#ifndef NES_CART_H
#define NES_CART_H

#include "mach/component.h"
#include "mach/event.h"
#include "mach/space.h"

#include "kinds/nes/synth.h"

struct cart;

enum nes_region { NES_NTSC, NES_PAL, NES_DENDY };
#define NES_REGION_NAMES "ntsc pal dendy"

enum cart_mirroring {
    CART_HORIZONTAL,
    CART_VERTICAL,
    CART_FOUR_SCREEN,
    CART_ONE_LOW,
    CART_ONE_HIGH
};
#define CART_MIRRORING_NAMES "horizontal vertical four-screen one-low one-high"

/* What the PPU is reading for; a board with a fetch() of its own (MMC5) needs to know. */
enum ppu_fetch { PPU_FETCH_NT, PPU_FETCH_AT, PPU_FETCH_BG, PPU_FETCH_SPRITE, PPU_FETCH_CPU };

/* The CPU sees pages of 2 KiB, index addr >> 11; NULL: call the board (or the console's I/O).
 * Pages 0..11 ($0000-$5FFF) belong to the console, 12..31 ($6000-$FFFF) to the cartridge. */
#define CPU_PAGE_SHIFT 11
#define CPU_PAGES      32
struct cpu_pages {
    const u8 *read[CPU_PAGES];
    u8 *write[CPU_PAGES];
};

/* The PPU sees eight pattern pages and four name tables of 1 KiB each. */
struct ppu_pages {
    const u8 *chr[8];
    u8 *chr_write[8]; /* NULL: ROM */
    const u8 *nt[4];
    u8 *nt_write[4]; /* NULL: ROM (VRC6, N163 and 68-like boards) */
};

/* What a board does. Everything that is not NULL is called; all get a cart whose `board` points at
 * their state, zeroed before init(). */
struct board {
    u32 state_bytes;
    const struct fields *(*fields)(void); /* NULL when the board has no state */

    /* Once: choose a revision, check sizes. May refuse the cartridge. */
    int (*init)(struct cart *c, struct err *e);
    void (*power)(struct cart *c); /* registers to their power-on values; then sync() */
    void (*reset)(struct cart *c); /* the reset button, for boards that see it */
    /* The board's component was restored: refuses what it could not have saved. */
    int (*loaded)(void *board, struct err *e);
    /* Sets all windows from the registers: after power-on, a register write, a restore. The
     * registers may then hold any value: sync() masks what it uses. */
    void (*sync)(struct cart *c);

    /* CPU accesses to $4020-$FFFF where the page has no window. read() returns false for open bus.
     * peek() is read() without side effects; NULL: open bus. */
    bool (*read)(struct cart *c, u16 addr, u64 clk, u8 *value);
    bool (*peek)(const struct cart *c, u16 addr, u8 *value);
    void (*write)(struct cart *c, u16 addr, u8 value, u64 clk);

    void (*run)(struct cart *c, u64 clk); /* catch up: IRQ counters, sound */

    /* PPU side. a12(): address line 12 rises after it was low for three falling edges of M2.
     * watch(): sees the address of every PPU access after it happened (MMC2, MMC4).
     * fetch(): answers every PPU read instead of the windows (MMC5). With `peek`, or when `what` is
     * PPU_FETCH_CPU, it does not take part in the counting of lines; with `peek` it has no side
     * effect at all. */
    void (*a12)(struct cart *c, u64 clk);
    void (*watch)(struct cart *c, u16 addr);
    u8 (*fetch)(struct cart *c, u16 addr, enum ppu_fetch what, bool peek);
    /* fetch() boards: the PPU's registers $2000/$2001 were written (MMC5 snoops them). */
    void (*snoop)(struct cart *c, u16 addr, u8 value);
    /* Boards that define a12: the number of rises until IRQ can be asserted; 0: the next one;
     * UINT_MAX: never, as things stand. */
    unsigned (*a12_horizon)(const struct cart *c);
    /* Boards that count lines by fetch(): the same, in starts of rendered lines. */
    unsigned (*line_horizon)(const struct cart *c);
};

/* A line of the table in mapper.c: a number, what it means, and the board that does it. */
struct mapper {
    u16 number;
    s16 submapper;    /* -1: every submapper for which no line of its own exists */
    const char *name; /* "MMC3 (TxROM)" */
    const struct board *board;
    u32 wiring;     /* how the board connects its chip: its family's own word */
    bool conflicts; /* a write sees value & the ROM's byte there */
};

/* clang-format off */
#define CART(F, A, E, G, H)                                                                       \
    F(CONFIG, bool, nes2, "the header is NES 2.0: what it does not name is not there")            \
    F(CONFIG, u16, mapper, "iNES mapper number")                                                  \
    F(CONFIG, u8, submapper, "NES 2.0 submapper")                                                 \
    E(CONFIG, mirroring, CART_MIRRORING_NAMES, "as the header says")                              \
    E(CONFIG, region, NES_REGION_NAMES, "the region the header names")                            \
    F(CONFIG, bool, battery, "some memory survives power-off")                                    \
    F(CONFIG, u32, prg_rom_bytes, "program ROM")                                                  \
    F(CONFIG, u32, chr_rom_bytes, "pattern ROM")                                                  \
    F(CONFIG, u32, prg_ram_bytes, "program RAM, volatile")                                        \
    F(CONFIG, u32, prg_nvram_bytes, "program RAM, battery-backed")                                \
    F(CONFIG, u32, chr_ram_bytes, "pattern RAM, volatile")                                        \
    F(CONFIG, u32, chr_nvram_bytes, "pattern RAM, battery-backed")                                \
    F(CONFIG, bool, conflicts, "bus conflicts on writes to ROM")                                  \
    F(STATE, bool, irq, "the board's interrupt line")
/* clang-format on */

struct cart {
    FIELD_MEMBERS(CART)
    u64 deadline; /* when irq may change by itself; after a load: at once, run() will tell */
    const struct board *ops;
    const struct mapper *line;
    void *board;                                 /* the board's own state, state_bytes long */
    struct component component, board_component; /* "cart", "mapper": siblings */

    struct space prg_rom, chr_rom;
    struct space wram;    /* prg_ram then prg_nvram; $6000-$7FFF shows 8 KiB of it */
    struct space chr_ram; /* chr_ram then chr_nvram */
    struct space ciram;   /* the console's 2 KiB of name tables; 4 KiB with four-screen boards */

    struct cpu_pages *cpu; /* borrowed: the console's page tables */
    struct ppu_pages ppu;

    /* While a board's write() runs that does not listen to the PPU: brings it up to that write.
     * Whoever changes what the PPU sees calls cart_catch_up() first; the windows below do. */
    void (*catch_up)(struct cart *c);
    struct synth *synth; /* borrowed: where a board's sound goes; NULL in tests */
    u32 gain;        /* of all sound, SYNTH_UNITY: as it is. power() may lower it for a loud chip */
    const u64 *dots; /* borrowed: the PPU's count of dots, for fetch(); NULL: not known */

    u32 wram_bytes;       /* of wram, what windows show: whole pages of program RAM */
    u32 chip_nvram_bytes; /* the battery also keeps this much inside the board's chip: the board has
                             a copy of it behind the program RAM in wram */
    u8 *trainer;          /* 512 bytes for $7000 at power-on, or NULL */
    u8 open[1024];        /* what the PPU reads where nothing answers: its address's low byte */
};

const struct fields *cart_fields(void);

/* What an iNES or NES 2.0 file says (docs/formats/ines.md). Bytes outside are never touched. */
bool cart_accepts(const u8 *image, size_t bytes, const char **what);

/* Builds the cartridge from a file's bytes. The result is ready for cart_power(). */
int cart_init(struct cart *c, const u8 *image, size_t bytes, struct cpu_pages *cpu, struct err *e);
void cart_fini(struct cart *c);
void cart_power(struct cart *c);
void cart_reset(struct cart *c);

/* One line per key for `mews info`. Returns what snprintf returns. */
int cart_describe(const struct cart *c, char *out, size_t room);

/* Battery-backed bytes, as one raw image (the .sav of other emulators); NULL when there are none.
 * Program ROM that is flash; else program RAM, then what is inside the board's chip; pattern RAM
 * only where neither is. */
u8 *cart_battery(struct cart *c, size_t *bytes);

static inline void cart_catch_up(struct cart *c)
{
    if (c->catch_up)
        c->catch_up(c);
}

/* ---- for boards: windows by bank number, which wraps at the memory's size ---- */

/* ROM in 8/16/32 KiB windows at addr; negative banks count from the end (-1: the last). */
void cart_prg_8k(struct cart *c, u16 addr, int bank);
void cart_prg_16k(struct cart *c, u16 addr, int bank);
void cart_prg_32k(struct cart *c, int bank);
/* 8 KiB of wram at addr ($6000, or higher for boards that can); writable or read-only. Smaller
 * memories repeat; without any there is no window. */
void cart_wram_8k(struct cart *c, u16 addr, int bank, bool writable);
/* For init(): `extra` bytes behind the program RAM, which no window shows. */
int cart_wram_grow(struct cart *c, u32 extra, struct err *e);
/* Whether the program ROM is flash, which the board rewrites: an init() that wants it so clears the
 * space's SPACE_ROM. It is then saved, and in the battery's file. */
static inline bool cart_flash(const struct cart *c)
{
    return !(c->prg_rom.flags & SPACE_ROM);
}
/* No window: the board's read() and write() are called. */
void cart_cpu_none(struct cart *c, u16 addr, u32 bytes);
/* Pattern memory: ROM if the cartridge has it, else RAM. */
void cart_chr_1k(struct cart *c, unsigned slot, int bank);
void cart_chr_2k(struct cart *c, unsigned slot, int bank);
void cart_chr_4k(struct cart *c, unsigned slot, int bank);
void cart_chr_8k(struct cart *c, int bank);
/* Pattern RAM explicitly, for boards that have both (TQROM). */
void cart_chr_ram_1k(struct cart *c, unsigned slot, int bank);
/* Nothing answers there: the PPU reads what is left on its bus. */
void cart_chr_none(struct cart *c);
/* Name tables: a mirroring, or each from CIRAM page 0..3 or from pattern memory. */
void cart_mirror(struct cart *c, enum cart_mirroring m);
void cart_nt_ciram(struct cart *c, unsigned slot, unsigned page);
void cart_nt_chr(struct cart *c, unsigned slot, int bank_1k);
void cart_nt_chr_ram(struct cart *c, unsigned slot, int bank_1k);
/* The mirroring that two register bits mean on many chips: V, H, low, high. */
void cart_mirror_bits(struct cart *c, unsigned bits);

/* ---- the table ---- */
extern const struct mapper mapper_list[];
extern const unsigned mapper_count;
const struct mapper *mapper_find(u16 number, u8 submapper);
const char *mapper_name(u16 number); /* of any board that is known by name, supported or not */

#endif
