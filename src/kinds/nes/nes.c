/* The console's bus, controllers and clockwork. */
#include "kinds/nes/nes.h"

#include <limits.h>
#include <string.h>

FIELD_TABLE(nes_dma, 1, NES_DMA)
FIELD_TABLE(nes_pad, 1, NES_PAD)
FIELD_TABLE(nes, 1, NES)

/* ---- clockwork ---- */

/* The first clk at which at least `dots` dots have been executed when nes_events() runs. */
static u64 clk_of_dots(const struct nes *n, u64 dots)
{
    return n->region == NES_PAL ? (dots * 5 + 10) / 16 + 1 : (dots + 1) / 3 + 1;
}

static void sample_nmi(struct nes *n)
{
    bool level = ppu_nmi_level(&n->ppu);

    if (level && !n->cpu.nmi_line)
        n->cpu.nmi_pending = true;
    n->cpu.nmi_line = level;
}

static void gather_irq(struct nes *n)
{
    n->cpu.irq = (u8)((n->apu.irq_frame ? IRQ_FRAME : 0) | (n->apu.irq_dmc ? IRQ_DMC : 0) |
                      (n->cart.irq ? IRQ_CART : 0));
}

/* The first dot by which the PPU must have run by itself: the frame's end, or what a board counts.
 */
static u64 ppu_due(const struct nes *n)
{
    const struct board *board = n->cart.ops;
    u64 due = ppu_next_vblank(&n->ppu);

    if (board->a12_horizon) {
        unsigned rises = board->a12_horizon(&n->cart);

        if (rises != UINT_MAX) {
            u64 dots = ppu_next_a12(&n->ppu, rises ? rises : 1);

            due = dots < due ? dots : due;
        }
    }
    if (board->line_horizon && board->line_horizon(&n->cart) != UINT_MAX) {
        u64 dots = ppu_next_line(&n->ppu);

        due = dots < due ? dots : due;
    }
    return due;
}

/* An access of the CPU's took the PPU past the frame's end: the console hears of it after this
 * cycle. */
static void notice_frame(struct nes *n)
{
    if (n->ppu.frame != n->machine.frames)
        n->deadline = n->fast_limit = 0;
}

void nes_schedule(struct nes *n)
{
    u64 at;

    n->ppu_due = ppu_due(n);
    at = clk_of_dots(n, n->ppu_due);
    if (n->apu.deadline < at)
        at = n->apu.deadline;
    if (n->cart.deadline < at)
        at = n->cart.deadline;
    n->deadline = at;
    notice_frame(n);
    gather_irq(n);
    n->fast_limit = 0;
}

void nes_limit(struct nes *n)
{
    u64 limit = n->deadline < n->until ? n->deadline : n->until;

    if (n->cpu.interrupt || n->cpu.nmi_pending || n->cpu.jammed || nes_dma_wanted(n) ||
        (n->cpu.irq && !(n->cpu.p & FLAG_I)) || observer_wanted(&n->observer, &n->machine) ||
        n->exact)
        n->fast_limit = 0;
    else
        n->fast_limit = limit > 8 ? limit - 8 : 0; /* no instruction takes longer */
}

static void send_frame(struct nes *n)
{
    struct machine *m = &n->machine;
    struct video_frame f = {
        .format = VIDEO_NES,
        .width = PPU_WIDTH,
        .height = PPU_HEIGHT,
        .stride_bytes = sizeof n->ppu.pixels[0],
        .pixels = n->ppu.pixels,
        .number = n->ppu.frame,
        .aspect_num = m->display.aspect_num,
        .aspect_den = m->display.aspect_den,
    };

    m->frames = n->ppu.frame;
    if (m->ports.video)
        m->ports.video->ops->frame(m->ports.video, &f);
}

static void send_sound(struct nes *n, u64 clk)
{
    struct audio_port *port = n->machine.ports.audio;
    s16 samples[SYNTH_ROOM];
    size_t count;

    n->machine.now = clk;
    apu_run(&n->apu, clk);
    if (n->cart.ops->run)
        n->cart.ops->run(&n->cart, clk);
    synth_end(&n->synth, clk);
    count = synth_read(&n->synth, samples, SYNTH_ROOM);
    if (port)
        port->ops->samples(port, samples, count);
    if (port && port->ops->pace)
        synth_pace(&n->synth, port->ops->pace(port));
}

void nes_events(struct nes *n, u64 clk)
{
    u64 dots = nes_dot(n, clk - 1) + 1;

    apu_run(&n->apu, clk);
    if (n->cart.ops->run)
        n->cart.ops->run(&n->cart, clk);
    if (dots >= n->ppu_due)
        ppu_run(&n->ppu, dots);
    sample_nmi(n);
    if (n->ppu.frame != n->machine.frames) {
        send_sound(n, clk);
        send_frame(n);
    }
    nes_schedule(n);
}

void nes_look(struct nes *n)
{
    u64 clk = n->cpu.clk, dots = nes_dot(n, clk);

    while (!n->resumes && n->ppu.dots < dots) {
        /* Told from afar it may be early; told again from there it is exact. */
        u64 due = ppu_due(n), most = nes_dot(n, clk - 1) + 1;

        if (clk < clk_of_dots(n, due))
            most = due - 1;
        most = most < dots ? most : dots;
        if (n->ppu.dots >= most)
            return;
        ppu_run(&n->ppu, most);
    }
}

/* ---- controllers ---- */

static u8 buttons(struct nes *n, unsigned index)
{
    struct input_port *p = n->machine.ports.input;

    return p ? (u8)p->ops->buttons(p, index) : 0;
}

static void reload_pads(struct nes *n, u64 clk)
{
    n->machine.now = clk;
    for (unsigned i = 0; i < 2; i++) {
        n->pad[i].shift = buttons(n, i);
        n->pad[i].clocked = false;
    }
}

/* The shift registers load at the end of each GET cycle while the strobe is on. */
static bool strobed(const struct nes *n, u64 clk)
{
    u64 get = apu_is_put(n->strobe_since) ? n->strobe_since + 1 : n->strobe_since;

    return (n->strobe & 1) && get < clk;
}

static void write_strobe(struct nes *n, u8 value, u64 clk)
{
    if (strobed(n, clk))
        reload_pads(n, clk);
    if (!(n->strobe & 1) || !(value & 1))
        n->strobe_since = clk;
    n->strobe = value & 7;
}

/* A register is clocked at the end of a run of reads in consecutive cycles: a DMA that repeats the
 * CPU's read does not lose bits. */
static u8 read_pad(struct nes *n, unsigned index, u64 clk)
{
    struct nes_pad *p = &n->pad[index];

    if (strobed(n, clk))
        reload_pads(n, clk);
    else if (p->clocked && clk != p->last_read + 1) {
        p->shift = (u8)(p->shift >> 1 | 0x80);
        p->clocked = false;
    }
    p->clocked = !strobed(n, clk);
    p->last_read = clk;
    return p->shift & 1;
}

/* ---- bus ---- */

static void after_ppu(struct nes *n, u64 clk)
{
    ppu_run(&n->ppu, nes_dot(n, clk) + 1);
    sample_nmi(n);
    if (n->cpu.nmi_pending)
        n->fast_limit = 0;
}

static u8 read_io(struct nes *n, u16 addr, u64 clk)
{
    u8 v;

    switch (addr) {
    case 0x4015:
        v = apu_status_read(&n->apu, clk) | (n->cpu.latch & 0x20);
        nes_schedule(n);
        return v;
    case 0x4016:
    case 0x4017: return (n->cpu.bus & 0xe0) | read_pad(n, addr & 1, clk);
    default: return n->cpu.bus;
    }
}

u8 nes_read(struct nes *n, u16 addr, u64 clk)
{
    u8 v;

    if (addr < 0x4000) {
        bool quiet = (addr & 7) == 2 && ppu_status_quiet(&n->ppu, nes_dot(n, clk));

        v = ppu_read(&n->ppu, addr & 7, nes_dot(n, clk));
        if ((addr & 7) == 2 && !quiet)
            after_ppu(n, clk);
        else if (n->cart.ops->a12_horizon && (addr & 7) == 7)
            nes_schedule(n);
        notice_frame(n);
        return v;
    }
    if (addr < 0x4020)
        return read_io(n, addr, clk);
    if (n->cart.ops->fetch)
        ppu_run(&n->ppu, nes_dot(n, clk) + 1);
    if (n->cart.ops->read && n->cart.ops->read(&n->cart, addr, clk, &v)) {
        nes_schedule(n);
        return v;
    }
    return n->cpu.bus;
}

static void write_io(struct nes *n, u16 addr, u8 value, u64 clk)
{
    if (addr == 0x4014) {
        n->dma.oam = true;
        n->dma.page = value;
        n->dma.index = 0;
        n->dma.aligned = false;
        n->fast_limit = 0;
    } else if (addr == 0x4016) {
        write_strobe(n, value, clk);
    } else if (addr < 0x4018) {
        apu_write(&n->apu, addr & 31, value, clk);
        nes_schedule(n);
    }
}

static void catch_up_cart(struct cart *c)
{
    struct nes *n = container_of(c, struct nes, cart);

    ppu_run(&n->ppu, nes_dot(n, n->write_clk) + 1);
}

/* Most writes choose program banks: the PPU catches up only when they change what it sees, unless
 * the board listens to every read. */
static void write_cart(struct nes *n, u16 addr, u8 value, u64 clk)
{
    const u8 *rom = n->pages.read[addr >> CPU_PAGE_SHIFT];
    const struct board *board = n->cart.ops;

    if (!board->write)
        return;
    n->write_clk = clk;
    if (board->fetch || board->watch)
        catch_up_cart(&n->cart);
    if (n->cart.conflicts && rom && addr >= 0x8000)
        value &= rom[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
    n->cart.catch_up = catch_up_cart;
    board->write(&n->cart, addr, value, clk);
    n->cart.catch_up = NULL;
    if (board->run || board->a12_horizon || board->line_horizon)
        nes_schedule(n);
}

void nes_write(struct nes *n, u16 addr, u8 value, u64 clk)
{
    if (addr < 0x2000) {
        n->ram.bytes[addr & 0x7ff] = value;
    } else if (addr < 0x4000) {
        ppu_write(&n->ppu, addr & 7, value, nes_dot(n, clk), n->cpu.bus);
        if ((addr & 7) == 0)
            after_ppu(n, clk);
        if (n->cart.ops->a12_horizon)
            nes_schedule(n);
        notice_frame(n);
    } else if (addr < 0x4020) {
        write_io(n, addr, value, clk);
    } else {
        write_cart(n, addr, value, clk);
    }
}

bool nes_peek(struct nes *n, u16 addr, u8 *value)
{
    const u8 *page = n->pages.read[addr >> CPU_PAGE_SHIFT];

    if (page)
        *value = page[addr & ((1 << CPU_PAGE_SHIFT) - 1)];
    else if (addr < 0x4000)
        *value = ppu_peek(&n->ppu, addr & 7);
    else if (addr == 0x4015)
        *value = apu_status_peek(&n->apu);
    else if (addr < 0x4020 || !n->cart.ops->peek || !n->cart.ops->peek(&n->cart, addr, value))
        *value = n->cpu.bus;
    return true;
}
