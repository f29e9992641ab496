/* Register streams for the cartridges that make sound. The first byte chooses the cartridge, then
 * four bytes each are: what to do and how much later, an address, a value. The state is saved and
 * loaded on the way, also damaged: what was saved must be accepted, what is accepted must run. */
#include "fuzz/target.h"
#include "kinds/nes/cart.h"

enum { HEADER = 16, PRG = 0x8000, CHR = 0x2000, IMAGE = HEADER + PRG + CHR, COMMANDS = 4000 };
enum command { WRITE, WRITE_SOUND, READ, RUN, SAVE, DAMAGE, COMMAND_COUNT };

static const u8 mappers[] = { 5, 19, 24, 26, 69, 85 };

struct rig {
    struct cpu_pages pages;
    struct cart cart;
    struct synth synth;
    u64 clk;
};

static void make_cart(struct rig *r, u8 choice)
{
    static u8 image[IMAGE];
    u8 mapper = mappers[choice % sizeof mappers];
    struct err e;

    memcpy(image, "NES\x1a\x02\x01", 6);
    image[6] = (u8)(mapper << 4 | (choice & 0x80 ? 2 : 0));
    image[7] = (u8)((mapper & 0xf0) | 8);
    image[8] = (u8)((choice >> 4 & 7) % 6 << 4);
    for (unsigned i = 0; i < PRG; i++)
        image[HEADER + i] = (u8)(i * 7);
    memset(r, 0, sizeof *r);
    if (cart_init(&r->cart, image, IMAGE, &r->pages, &e)) {
        image[8] = 0; /* no such submapper */
        cart_fini(&r->cart);
        must(!cart_init(&r->cart, image, IMAGE, &r->pages, &e));
    }
    cart_power(&r->cart);
    synth_init(&r->synth, 236250000, 132, r->cart.gain);
    r->cart.synth = &r->synth;
    r->clk = 7;
}

/* As the console does at the end of a frame. */
static void take_sound(struct rig *r)
{
    s16 samples[SYNTH_ROOM];

    r->cart.ops->run(&r->cart, r->clk);
    synth_end(&r->synth, r->clk);
    synth_read(&r->synth, samples, SYNTH_ROOM);
}

static void read_byte(struct rig *r, u16 addr)
{
    u8 v;

    if (!r->pages.read[addr >> CPU_PAGE_SHIFT] && r->cart.ops->read) {
        if (r->cart.ops->peek)
            r->cart.ops->peek(&r->cart, addr, &v);
        r->cart.ops->read(&r->cart, addr, r->clk, &v);
    }
}

/* Saves and loads in place; `flip` not 0 damages a byte of it. */
static void save_and_load(struct rig *r, u16 where, u8 flip)
{
    const struct component *c = &r->cart.board_component;
    u8 *before, *after;
    size_t bytes;
    bool taken;

    r->cart.ops->run(&r->cart, r->clk);
    before = fields_image(c->fields, c->self, &bytes);
    taken = component_damage(c, where, flip);
    r->cart.ops->sync(&r->cart);
    after = fields_image(c->fields, c->self, &bytes);
    must((taken && flip) || !memcmp(before, after, bytes));
    free(before);
    free(after);
}

/* An address at which one of the chips has something. */
static u16 sound_address(u16 random)
{
    static const u16 rows[] = { 0x5000, 0x5010, 0x4800, 0xf800, 0xe000, 0xc000, 0x9000,
                                0xa000, 0xb000, 0x9010, 0x9030, 0x5100, 0xd000, 0xf000 };

    return (u16)(rows[(random >> 8) % ARRAY_SIZE(rows)] + (random & 7));
}

static void one(struct rig *r, const u8 c[4])
{
    u16 addr = (u16)(c[1] << 8 | c[2]);

    r->clk += c[0] >> 3;
    switch ((c[0] & 7) % COMMAND_COUNT) {
    case WRITE:
        if (addr >= 0x4020)
            r->cart.ops->write(&r->cart, addr, c[3], r->clk);
        break;
    case WRITE_SOUND: r->cart.ops->write(&r->cart, sound_address(addr), c[3], r->clk); break;
    case READ:
        if (addr >= 0x4020)
            read_byte(r, addr);
        break;
    case RUN:
        r->clk += addr & 0x7fff;
        take_sound(r);
        break;
    case SAVE: save_and_load(r, 0, 0); break;
    case DAMAGE: save_and_load(r, addr, c[3]); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig r;

    if (!size)
        return 0;
    make_cart(&r, data[0]);
    for (size_t at = 1, n = 0; at + 4 <= size && n < COMMANDS; at += 4, n++) {
        one(&r, data + at);
        if (r.clk > 1000000)
            break;
        if (n % 64 == 63)
            take_sound(&r);
    }
    take_sound(&r);
    cart_fini(&r.cart);
    return 0;
}
