/* A cartridge of any board, and what a program does to it. The first eight bytes choose the line of
 * the table and the sizes; then five bytes are an access of the CPU or the PPU, or time that
 * passes. In the middle it is saved, and another cartridge that loaded it goes on beside it, alike
 * to the end; a saved image over which a piece of the input was written is loaded and used too. */
#include "fuzz/target.h"
#include "kinds/nes/cart_rig.h"

enum { HEAD = 8, STEP = 5, STEPS_MAX = 4000 };

static struct rig_file choose(const u8 *d)
{
    static const u32 prg[] = { 1, 0x800, 0x2000, 0x4000, 0x6000, 0x8000, 0x14000, 0x40000 };
    static const u32 chr[] = { 0, 0, 1, 0x400, 0xc00, 0x2000, 0x8000, 0x20000 };
    static const u32 ram[] = { 0, 0, 128, 0x400, 0x800, 0x2000, 0x4000, 0x10000 };
    const struct mapper *m = &mapper_list[d[0] % mapper_count];

    return (struct rig_file) {
        .mapper = m->number,
        .submapper = m->submapper < 0 ? 0 : (u8)m->submapper,
        .flags = d[1] & 15,
        .ines1 = d[1] >> 7 && m->submapper <= 0,
        .prg = d[1] >> 7 ? 0x4000 : prg[d[2] & 7],
        .chr = d[1] >> 7 ? (d[3] & 1) * 0x2000u : chr[d[3] & 7],
        .ram = ram[d[4] & 7],
        .nvram = ram[d[5] & 7],
        .chr_ram = ram[d[6] & 7],
        .chr_nvram = ram[d[7] & 7],
    };
}

static void step(struct rig *r, const u8 *d)
{
    rig_poke(r, (u32)d[0] | (u32)d[1] << 8 | (u32)d[2] << 16, d[3] | (u32)d[4] << 8, d[4]);
    must(rig_sound(r));
}

static void copy_memories(struct cart *to, const struct cart *from)
{
    memcpy(to->wram.bytes, from->wram.bytes, from->wram.size_bytes);
    memcpy(to->chr_ram.bytes, from->chr_ram.bytes, from->chr_ram.size_bytes);
    memcpy(to->ciram.bytes, from->ciram.bytes, from->ciram.size_bytes);
}

/* Makes `twin` a cartridge that loaded the state of r, and is like it. */
static void load_twin(struct rig *r, struct rig *twin, const struct rig_file *f)
{
    size_t split = field_save(r->c.component.fields, &r->c, NULL), bytes;
    struct err e;
    u8 *image;

    rig_run(r, r->clk);
    image = rig_save(r, &bytes);
    must(!rig_make(twin, f, &e));
    copy_memories(&twin->c, &r->c);
    twin->clk = r->clk;
    twin->dots = r->dots;
    must(!rig_load(twin, image, bytes, split, &e));
    free(image);
}

static void must_be_alike(struct rig *a, struct rig *b)
{
    struct rig_windows wa, wb;
    size_t na, nb;
    u8 *ia, *ib;

    rig_look(a, &wa);
    rig_look(b, &wb);
    must(!memcmp(&wa, &wb, sizeof wa));
    ia = rig_save(a, &na);
    ib = rig_save(b, &nb);
    must(na == nb && !memcmp(ia, ib, na));
    free(ia);
    free(ib);
}

/* The same image with a piece of the input over it. */
static void damage(const struct rig_file *f, struct rig *r, const u8 *data, size_t size)
{
    size_t split = field_save(r->c.component.fields, &r->c, NULL), bytes;
    u8 *image = rig_save(r, &bytes);
    struct err e = { 0 };
    struct rig other;

    for (size_t i = 0; i + 2 < size && i < 30; i += 3)
        image[(data[i] | (size_t)data[i + 1] << 8) % bytes] = data[i + 2];
    must(!rig_make(&other, f, &e));
    if (rig_load(&other, image, bytes, split, &e))
        must(e.text[0]);
    else
        for (size_t i = 0; i + STEP <= size && i < STEP * 200; i += STEP)
            step(&other, data + i);
    rig_fini(&other);
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig_file f;
    struct err e = { 0 };
    struct rig r, twin;
    size_t steps;

    if (size < HEAD)
        return 0;
    f = choose(data);
    if (rig_make(&r, &f, &e)) {
        must(e.text[0]);
        rig_fini(&r);
        return 0;
    }
    data += HEAD;
    size -= HEAD;
    steps = size / STEP < STEPS_MAX ? size / STEP : STEPS_MAX;
    for (size_t i = 0; i < steps / 2; i++)
        step(&r, data + i * STEP);
    damage(&f, &r, data, size);
    load_twin(&r, &twin, &f);
    must_be_alike(&r, &twin);
    for (size_t i = steps / 2; i < steps; i++) {
        step(&r, data + i * STEP);
        step(&twin, data + i * STEP);
    }
    must_be_alike(&r, &twin);
    rig_fini(&twin);
    rig_fini(&r);
    return 0;
}
