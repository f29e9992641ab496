/* Register streams for the PPU. Two of them get the same: one goes by the dot, the other takes the
 * short cuts of ppu_run(). What is read must be the same, and all state and pixels after each run.
 *
 * The first byte chooses cartridge and region. Then three bytes each: what and how much later, and
 * two of argument. A damaged image may come in too: if it is taken, both run on from it, but are
 * not compared any more, since in such a state the short cuts need not hold. */
#include "fuzz/target.h"
#include "kinds/nes/cart_rig.h"
#include "kinds/nes/ppu.h"

enum { STEP = 3, CYCLES_MAX = 150000 };
enum command { WRITE, READ, PEEK, WAIT, WAIT_LINES, BOARD, OAM, DAMAGE };

struct side {
    struct rig r;
    struct ppu p;
    bool nmi_line;
    u64 now; /* the CPU's place, in dots, when an image comes in */
};

struct pair {
    struct side exact, plain;
    enum nes_region region;
    u64 clk;
    bool damaged; /* both hold a state that no PPU may ever have had */
};

static u64 dot_of(const struct pair *b, u64 clk)
{
    return b->region == NES_PAL ? clk * 16 / 5 : clk * 3;
}

static void open_side(struct side *s, const struct rig_file *f, enum nes_region region, bool exact)
{
    struct err e;

    memset(s, 0, sizeof *s);
    must(!rig_make(&s->r, f, &e));
    for (u64 i = 0; i < s->r.c.chr_rom.size_bytes; i++)
        s->r.c.chr_rom.bytes[i] = (u8)(i * 0x9d >> 3);
    ppu_init(&s->p, region, &s->r.c);
    ppu_power(&s->p);
    s->p.nmi_line = &s->nmi_line;
    s->p.by_dot = exact;
    s->r.c.dots = &s->p.dots;
}

static void open_pair(struct pair *b, u8 choice)
{
    static const u16 mappers[] = { 0, 0, 4, 5, 9, 10, 1, 19 };
    struct rig_file f = { .mapper = mappers[choice & 7], .prg = 0x20000, .flags = choice >> 7 };

    if ((choice & 7) == 1 || f.mapper == 1)
        f.chr_ram = 0x2000;
    else
        f.chr = 0x20000;
    if (f.mapper == 0) {
        f.prg = 0x8000;
        f.chr = f.chr ? 0x2000 : 0;
    }
    b->region = (choice >> 3 & 3) % 3;
    b->clk = 7;
    b->damaged = false;
    open_side(&b->exact, &f, b->region, true);
    open_side(&b->plain, &f, b->region, false);
}

static void must_be_alike(const struct pair *b)
{
    if (b->damaged)
        return;
    must(fields_equal(ppu_fields(), &b->exact.p, &b->plain.p));
    must(!memcmp(b->exact.p.pixels, b->plain.p.pixels, sizeof b->exact.p.pixels));
    must(b->exact.nmi_line == b->plain.nmi_line && b->exact.r.c.irq == b->plain.r.c.irq);
}

/* As the console does at a deadline: it samples the NMI's level. */
static void catch_up(struct pair *b)
{
    struct side *sides[] = { &b->exact, &b->plain };

    for (unsigned i = 0; i < 2; i++) {
        ppu_run(&sides[i]->p, dot_of(b, b->clk) + 1);
        sides[i]->nmi_line = ppu_nmi_level(&sides[i]->p);
    }
    must_be_alike(b);
}

static void pass_time(struct pair *b, u64 cycles)
{
    while (cycles) { /* an end of a frame is not slept through */
        u64 n = cycles < 2000 ? cycles : 2000;

        b->clk += n;
        cycles -= n;
        catch_up(b);
    }
}

/* A write of the CPU's to the board, in a cycle of its own. */
static void write_board(struct pair *b, u8 high, u8 value)
{
    struct side *sides[] = { &b->exact, &b->plain };
    u16 addr = high & 0x40 ? (u16)(0x8000 | (high & 0x3f) << 9 | (high & 3))
                           : (u16)(0x5100 + ((high & 0x3f) << 3) + (value & 7));

    catch_up(b);
    for (unsigned i = 0; i < 2; i++)
        if (sides[i]->r.c.ops->write)
            sides[i]->r.c.ops->write(&sides[i]->r.c, addr, value, b->clk);
    b->clk++;
}

/* As the console does, it refuses a PPU that is not where the CPU is. */
static int side_loaded(void *ppu, struct err *e)
{
    const struct side *s = container_of(ppu, struct side, p);

    if (s->p.dots < s->now || s->p.dots > s->now + 3)
        return err_set(e, ERR_FORMAT, "dots");
    return ppu_loaded(ppu, e);
}

/* The same damage to both: taken by both or by neither. */
static void damage(struct pair *b, u16 where, u8 flip)
{
    struct side *sides[] = { &b->exact, &b->plain };
    bool taken[2];

    catch_up(b);
    for (unsigned i = 0; i < 2; i++) {
        struct component c = { .self = &sides[i]->p,
                               .fields = ppu_fields(),
                               .loaded = side_loaded };

        sides[i]->now = dot_of(b, b->clk);
        taken[i] = component_damage(&c, where, flip);
    }
    must(b->damaged || taken[0] == taken[1]);
    b->damaged |= taken[0] && flip;
}

static void read_register(struct pair *b, unsigned reg)
{
    u64 dot = dot_of(b, b->clk);
    u8 x = ppu_read(&b->exact.p, reg, dot), y = ppu_read(&b->plain.p, reg, dot);

    must(b->damaged || x == y);
    b->clk++;
    if (reg == 2)
        catch_up(b);
}

static void write_register(struct pair *b, unsigned reg, u8 value, u8 stale)
{
    u64 dot = dot_of(b, b->clk);

    ppu_write(&b->exact.p, reg, value, dot, stale);
    ppu_write(&b->plain.p, reg, value, dot, stale);
    b->clk++;
}

static void one(struct pair *b, const u8 d[STEP])
{
    b->clk += d[0] >> 3;
    switch ((enum command)(d[0] & 7)) {
    case WRITE: write_register(b, d[1] & 7, d[2], d[1]); break;
    case READ: read_register(b, d[1] & 7); break;
    case PEEK:
        catch_up(b);
        must(b->damaged || ppu_peek(&b->exact.p, d[1] & 7) == ppu_peek(&b->plain.p, d[1] & 7));
        break;
    case WAIT: pass_time(b, d[1] | (d[2] & 15u) << 8); break;
    case WAIT_LINES: pass_time(b, d[1] * 341u / 3); break;
    case BOARD: write_board(b, d[1], d[2]); break;
    case OAM: /* a transfer: a byte every two cycles */
        for (unsigned i = 0; i < 256; i++, b->clk++)
            write_register(b, 4, (u8)(d[1] + i * d[2]), d[2]);
        break;
    case DAMAGE: damage(b, (u16)(d[1] | (d[0] & 0xf8) << 5), d[2]); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pair b;

    if (!size)
        return 0;
    open_pair(&b, data[0]);
    for (size_t at = 1; at + STEP <= size && b.clk < CYCLES_MAX; at += STEP)
        one(&b, data + at);
    pass_time(&b, 200);
    rig_fini(&b.exact.r);
    rig_fini(&b.plain.r);
    return 0;
}
