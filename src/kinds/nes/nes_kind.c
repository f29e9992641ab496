/* The kind `nes`: its boards as one table of functions. */
#include "kinds/nes/nes_kind.h"

#include "isa/mos6502/disasm.h"
#include "kinds/nes/c6502.h"
#include "kinds/nes/nes.h"
#include "kinds/nes/span.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nes *nes_of(struct machine *m)
{
    return container_of(m, struct nes, machine);
}

static bool is_c6502(const struct machine *m)
{
    return m && !strcmp(m->board, C6502_BOARD);
}

/* ---- life ---- */

static void fill_ram(struct nes *n, struct space *s)
{
    u64 x = n->ram_seed * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;

    for (u64 i = 0; i < s->size_bytes; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64 (Marsaglia) */
        s->bytes[i] = n->ram_fill == 0 ? 0 : n->ram_fill == 1 ? 0xff : (u8)(x >> 32);
    }
}

static void load_battery(struct nes *n)
{
    struct machine *m = &n->machine;
    struct store_port *p = m->ports.store;

    m->battery = cart_battery(&n->cart, &m->battery_bytes);
    if (m->battery && p)
        p->ops->load(p, m->battery, m->battery_bytes);
}

static void save_battery(struct nes *n)
{
    const struct machine *m = &n->machine;
    struct store_port *p = m->ports.store;

    if (m->battery && p)
        p->ops->save(p, m->battery, m->battery_bytes);
}

static void power(struct nes *n)
{
    fill_ram(n, &n->ram);
    fill_ram(n, &n->cart.wram);
    fill_ram(n, &n->cart.chr_ram);
    load_battery(n);
    cart_power(&n->cart);
    ppu_init(&n->ppu, n->region, &n->cart);
    ppu_power(&n->ppu);
    n->ppu.by_dot = n->exact;
    apu_init(&n->apu, &n->synth, n->region);
    apu_power(&n->apu);
    synth_init(&n->synth, n->machine.hz_num, n->machine.hz_den, n->cart.gain);
    n->ppu.nmi_line = &n->cpu.nmi_line;
    n->cpu.p = FLAG_U | FLAG_I;
    n->cpu.s = 0;
}

/* The seven cycles with which the CPU comes out of reset: three reads instead of pushes. */
static void reset_sequence(struct nes *n)
{
    static const u16 reads[] = { 0xffff, 0xffff, 0x0100, 0x01ff, 0x01fe, 0xfffc, 0xfffd };
    u8 v[7];

    for (unsigned i = 0; i < 7; i++) {
        nes_peek(n, reads[i], &v[i]);
        n->cpu.bus = n->cpu.latch = v[i];
        n->cpu.clk++;
    }
    n->cpu.s = (u8)(n->cpu.s - 3);
    n->cpu.p |= FLAG_I;
    n->cpu.pc = n->cpu.start ? n->cpu.start : (u16)(v[6] << 8 | v[5]);
    n->cpu.jammed = n->cpu.interrupt = n->cpu.nmi_pending = false;
    n->machine.now = n->cpu.clk;
    nes_schedule(n);
}

/* Deadlines are the chips' to say, and all of them have been loaded when the machine runs. */
static void resume(struct nes *n)
{
    n->resumes = false;
    if (n->cart.ops->run)
        n->cart.ops->run(&n->cart, n->cpu.clk);
    nes_schedule(n);
}

static void nes_reset(struct machine *m)
{
    struct nes *n;

    if (is_c6502(m))
        return;
    n = nes_of(m);
    if (n->resumes)
        resume(n);
    ppu_run(&n->ppu, nes_dot(n, n->cpu.clk));
    ppu_reset(&n->ppu);
    n->dma = (struct nes_dma) { 0 };
    apu_reset(&n->apu, n->cpu.clk);
    n->cpu.clk += 2;
    cart_reset(&n->cart);
    reset_sequence(n);
}

/* The chips stand where the CPU does, as console_saving() leaves them. */
static int clocks_loaded(const struct nes *n, struct err *e)
{
    u64 clk = n->cpu.clk, dots = nes_dot(n, clk);

    if (n->ppu.dots + NES_LOOK_DOTS < dots || n->ppu.dots > dots + 3)
        return err_set(e, ERR_FORMAT, "ppu.dots: %llu, but at cpu.clk it is %llu",
                       (unsigned long long)n->ppu.dots, (unsigned long long)dots);
    if (n->apu.clk != clk)
        return err_set(e, ERR_FORMAT, "apu.clk: %llu, but cpu.clk is %llu",
                       (unsigned long long)n->apu.clk, (unsigned long long)clk);
    if (n->synth.base_clk > clk || clk - n->synth.base_clk > SPAN_MOST)
        return err_set(e, ERR_FORMAT, "synth.base_clk: not shortly before cpu.clk");
    if (n->machine.frames > n->ppu.frame || n->ppu.frame - n->machine.frames > 1)
        return err_set(e, ERR_FORMAT, "ppu.frame: not as many pictures as were shown");
    return 0;
}

static int console_loaded(void *self, struct err *e)
{
    struct nes *n = self;
    u64 clk = n->cpu.clk;

    if (clocks_loaded(n, e))
        return -(int)e->code;
    if (n->dma.oam && n->dma.index > 255)
        return err_set(e, ERR_FORMAT, "dma.index: no byte is left");
    if (n->strobe_since > clk || n->pad[0].last_read > clk || n->pad[1].last_read > clk)
        return err_set(e, ERR_FORMAT, "strobe_since, last_read: later than cpu.clk");
    n->machine.now = clk;
    n->bailed = false;
    n->resumes = true;
    return 0;
}

static void console_saving(void *self)
{
    struct nes *n = self;

    nes_look(n);
    apu_run(&n->apu, n->cpu.clk);
    if (n->cart.ops->run)
        n->cart.ops->run(&n->cart, n->cpu.clk);
}

/* The protocol of public test programs: DE B0 61 at $6001, the status before it ($80: running, $81:
 * press reset in 100 ms or more; less is the result, 0: passed), a text behind it. */
static void nes_test(struct machine *m, struct test_report *out)
{
    const struct space *s;
    size_t len = 0;

    *out = (struct test_report) { .state = TEST_NONE };
    if (is_c6502(m))
        return;
    s = &nes_of(m)->cart.wram;
    if (s->size_bytes < 4 || memcmp(s->bytes + 1, "\xde\xb0\x61", 3) != 0)
        return;
    out->code = s->bytes[0];
    if (out->code >= 0x80)
        out->state = out->code == 0x81 ? TEST_RESET : TEST_RUNNING;
    else
        out->state = out->code ? TEST_FAILED : TEST_PASSED;
    out->wait_ns = 140000000; /* with some to spare */
    for (; len < sizeof out->text - 1 && 4 + len < s->size_bytes && s->bytes[4 + len]; len++)
        out->text[len] = (char)s->bytes[4 + len];
}

static void build_tree(struct nes *n)
{
    struct component *root = &n->machine.root;
    struct space *spaces[] = { &n->ram,          &n->cart.wram,    &n->cart.ciram, &n->cart.chr_ram,
                               &n->cart.prg_rom, &n->cart.chr_rom, &n->picture };

    n->picture = (struct space) { .name = "picture",
                                  .bytes = (u8 *)n->ppu.pixels,
                                  .size_bytes = sizeof n->ppu.pixels,
                                  .flags = SPACE_UNTRACKED };

    *root = (struct component) { .name = "nes",
                                 .self = n,
                                 .fields = nes_fields(),
                                 .saving = console_saving,
                                 .loaded = console_loaded };
    n->cpu_node = (struct component) { .name = "cpu", .self = &n->cpu, .fields = mos6502_fields() };
    n->ppu_node = (struct component) {
        .name = "ppu", .self = &n->ppu, .fields = ppu_fields(), .loaded = ppu_loaded
    };
    n->apu_node = (struct component) {
        .name = "apu", .self = &n->apu, .fields = apu_fields(), .loaded = apu_loaded
    };
    n->synth_node = (struct component) {
        .name = "synth", .self = &n->synth, .fields = synth_fields(), .loaded = synth_loaded
    };
    component_add(root, &n->cpu_node);
    component_add(root, &n->ppu_node);
    component_add(root, &n->apu_node);
    component_add(root, &n->synth_node);
    component_add(root, &n->cart.component);
    component_add(root, &n->cart.board_component);
    for (unsigned i = ARRAY_SIZE(spaces); i--;) {
        spaces[i]->next = n->machine.spaces;
        n->machine.spaces = spaces[i];
    }
    n->cpu_handle = (struct cpu) { .state = &n->cpu_node,
                                   .machine = &n->machine,
                                   .isa = "mos6502",
                                   .registers = "pc a x y s p",
                                   .stack = "s",
                                   .flags = "p NV-BDIZC",
                                   .interrupts = "nmi=nmi_pending:1" };
    n->machine.cpus = &n->cpu_handle;
    n->machine.cpu_count = 1;
    nes_inspect_init(n);
}

static void set_clock(struct nes *n)
{
    static const u64 hz[3][2] = { { 236250000, 132 }, { 53203425, 32 }, { 53203425, 30 } };

    /* A line is 341 dots; of NTSC's 262, every other picture's last one lacks a dot. */
    static const struct display displays[3] = {
        { PPU_WIDTH, PPU_HEIGHT, 8, 7, 59561, 2 },
        { PPU_WIDTH, PPU_HEIGHT, 2950000, 2128137, 66495, 2 },
        { PPU_WIDTH, PPU_HEIGHT, 2950000, 2128137, 35464, 1 },
    };

    n->machine.hz_num = hz[n->region][0];
    n->machine.hz_den = hz[n->region][1];
    n->machine.display = displays[n->region];
}

static void console_destroy(struct machine *m)
{
    struct nes *n;

    if (!m)
        return;
    n = nes_of(m);
    if (n->cart.ops && n->cpu.clk)
        save_battery(n);
    cart_fini(&n->cart);
    space_fini(&n->ram);
    free(n);
}

static int build(struct nes *n, const struct config *c, struct err *e)
{
    if (!space_init(&n->ram, "ram", 2048, 0, SPACE_UNTRACKED))
        return err_set(e, ERR_NOMEM, "no memory for a console");
    if (cart_init(&n->cart, c->image, c->image_bytes, &n->pages, e))
        return -(int)e->code;
    n->cart.synth = &n->synth;
    n->cart.dots = &n->ppu.dots;
    n->region = n->cart.region;
    n->cpu.magic_ane = 0xff;
    n->cpu.magic_sha = 0xf5;
    for (unsigned i = 0; i < 4; i++) /* 2 KiB, four times */
        n->pages.read[i] = n->pages.write[i] = n->ram.bytes;
    event_queue_init(&n->machine.events);
    build_tree(n);
    return machine_configure(&n->machine, c, e);
}

static int nes_create(const struct kind *k, const struct config *c, const struct ports *p,
                      struct machine **out, struct err *e)
{
    const char *what;
    struct nes *n;

    if (c6502_accepts(c->image, c->image_bytes, &what))
        return c6502_create(k, c, p, out, e);
    n = calloc(1, sizeof *n);
    if (!n)
        return err_set(e, ERR_NOMEM, "no memory for a console");
    n->machine.kind = k;
    n->machine.board = "nes";
    if (p)
        n->machine.ports = *p;
    if (build(n, c, e)) {
        int r = -(int)e->code;

        console_destroy(&n->machine);
        return r;
    }
    set_clock(n);
    power(n);
    reset_sequence(n);
    *out = &n->machine;
    return 0;
}

static void nes_store(struct machine *m)
{
    if (!is_c6502(m))
        save_battery(nes_of(m));
}

static void nes_destroy(struct machine *m)
{
    if (is_c6502(m))
        c6502_destroy(m);
    else
        console_destroy(m);
}

/* ---- running ---- */

static enum stop stop(struct stop_info *info, enum stop why)
{
    if (info)
        *info = (struct stop_info) { .why = why };
    return why;
}

static void run_jammed(struct nes *n)
{
    u64 to = n->deadline < n->until ? n->deadline : n->until;

    n->cpu.clk = to > n->cpu.clk ? to : n->cpu.clk + 1;
    if (n->cpu.clk >= n->deadline)
        nes_events(n, n->cpu.clk);
}

static enum stop console_run(struct nes *n, u64 until, struct stop_info *info)
{
    bool observed = observer_wanted(&n->observer, &n->machine);
    u64 frame = n->machine.frame_limit;

    if (n->resumes)
        resume(n);
    n->until = until;
    n->fast_limit = 0;
    while (n->cpu.clk < until) {
        if (__atomic_exchange_n(&n->kicked, 0, __ATOMIC_ACQUIRE))
            return stop(info, STOP_KICK);
        if (n->cpu.clk >= n->deadline)
            nes_events(n, n->cpu.clk);
        if (frame && n->machine.frames >= frame)
            return stop(info, STOP_FRAME);
        nes_limit(n);
        if (n->cpu.jammed) {
            run_jammed(n);
        } else if (observed) {
            n->bailed = false;
            if (cpu_observed(n))
                return stop(info, STOP_BREAK);
        } else if (n->cpu.clk < n->fast_limit && !n->bailed) {
            cpu_fast(n);
        } else {
            n->bailed = false;
            cpu_exact(n);
        }
    }
    return stop(info, STOP_TIME);
}

/* Only an image or a debugger can have brought the clock so far. */
static bool at_end_of_time(const struct machine *m, struct stop_info *info)
{
    if (m->now < CLK_END)
        return false;
    stop(info, STOP_FAULT);
    if (info)
        snprintf(info->text, sizeof info->text, "no cycle is left: the clock is at its end");
    return true;
}

static enum stop nes_run(struct machine *m, u64 until, struct stop_info *info)
{
    enum stop why;

    if (at_end_of_time(m, info))
        return STOP_FAULT;
    if (until > CLK_END)
        until = CLK_END;
    if (is_c6502(m))
        return c6502_run(m, until, info);
    why = console_run(nes_of(m), until, info);
    m->now = nes_of(m)->cpu.clk;
    return why;
}

static enum stop nes_step(struct machine *m, struct cpu *c, struct stop_info *info)
{
    struct nes *n;

    if (at_end_of_time(m, info))
        return STOP_FAULT;
    if (is_c6502(m))
        return c6502_step(m, c, info);
    n = nes_of(m);
    if (n->resumes)
        resume(n);
    n->until = n->cpu.clk + 1;
    cpu_exact(n);
    m->now = n->cpu.clk;
    return stop(info, STOP_TIME);
}

static void nes_kick(struct machine *m)
{
    if (is_c6502(m))
        c6502_kick(m);
    else /* seen between two deadlines of the plain loop, which are a frame apart at most */
        __atomic_store_n(&nes_of(m)->kicked, 1, __ATOMIC_RELEASE);
}

/* ---- inspection ---- */

static int nes_watch(struct machine *m, struct watch *list, unsigned count, struct err *e)
{
    if (is_c6502(m))
        return c6502_watch(m, list, count, e);
    return observer_arm(&nes_of(m)->observer, m, list, count, e);
}

static u8 peek_byte(struct cpu *c, u16 addr)
{
    u8 v = 0;

    c->machine->kind->peek(c, CPU_VIRTUAL, addr, &v, 1);
    return v;
}

static enum flow nes_flow(struct cpu *c, u64 addr)
{
    return mos6502_flow(peek_byte(c, (u16)addr));
}

/* The 6502 keeps no frames: a word on the stack that points behind a JSR is taken for one of its.
 */
static unsigned nes_calls(struct cpu *c, u64 *out, unsigned room)
{
    const struct mos6502 *cpu = c->state->self;
    unsigned count = 0;

    for (unsigned at = cpu->s + 1u; at < 0xff && count < room; at++) {
        u16 word = (u16)(peek_byte(c, (u16)(0x100 + at)) | peek_byte(c, (u16)(0x101 + at)) << 8);

        if (mos6502_flow(peek_byte(c, (u16)(word - 2))) != FLOW_CALL)
            continue;
        out[count++] = (u16)(word - 2);
        at++;
    }
    return count;
}

static bool nes_peek_bytes(struct cpu *c, enum cpu_space s, u64 addr, void *out, size_t len)
{
    u8 *to = out;

    if (is_c6502(c->machine))
        return c6502_peek(c, s, addr, out, len);
    if (addr > 0xffff || len > 0x10000 - addr)
        return false;
    for (size_t i = 0; i < len; i++)
        nes_peek(nes_of(c->machine), (u16)(addr + i), to + i);
    return true;
}

static bool nes_poke_bytes(struct cpu *c, enum cpu_space s, u64 addr, const void *in, size_t len)
{
    const u8 *from = in;
    struct nes *n;

    if (is_c6502(c->machine))
        return c6502_poke(c, s, addr, in, len);
    n = nes_of(c->machine);
    if (addr > 0xffff || len > 0x10000 - addr)
        return false;
    for (size_t i = 0; i < len; i++) {
        u16 a = (u16)(addr + i);
        u8 *page = n->pages.write[a >> CPU_PAGE_SHIFT];

        if (!page)
            return false;
        page[a & ((1 << CPU_PAGE_SHIFT) - 1)] = from[i];
    }
    return true;
}

static size_t nes_disassemble(struct cpu *c, u64 addr, char *text, size_t room)
{
    u8 bytes[3];

    if (is_c6502(c->machine))
        return c6502_disassemble(c, addr, text, room);
    for (unsigned i = 0; i < 3; i++)
        if (!nes_peek_bytes(c, CPU_VIRTUAL, (addr + i) & 0xffff, bytes + i, 1))
            return 0;
    return mos6502_disasm(bytes, (u16)addr, text, room);
}

static bool nes_accepts(const u8 *image, size_t bytes, const char **what)
{
    return cart_accepts(image, bytes, what) || c6502_accepts(image, bytes, what);
}

static int nes_describe(const struct config *c, struct image_info *out, struct err *e)
{
    struct cpu_pages pages = { 0 };
    const char *what;
    struct cart cart;
    int r;

    if (c6502_accepts(c->image, c->image_bytes, &what))
        return c6502_describe(c, out, e);
    r = cart_init(&cart, c->image, c->image_bytes, &pages, e);
    if (!r) {
        snprintf(out->board, sizeof out->board, "nes");
        cart_describe(&cart, out->text, sizeof out->text);
    }
    cart_fini(&cart);
    return r;
}

static const char *nes_why_not(const struct machine *m, enum verb v)
{
    bool console = m && !is_c6502(m);

    switch (v) {
    case VERB_MIGRATE: return "the service does not exist yet";
    case VERB_GENERATION: return "neither an NES nor a 6502v has a way to be told";
    case VERB_POWER: return "its switch is its end, of which the guest hears nothing";
    case VERB_RESET:
    case VERB_PICTURE:
    case VERB_SOUND: return !m || console ? NULL : "the board c6502 has no such part";
    default: return NULL;
    }
}

const struct kind nes_kind = {
    .name = "nes",
    .summary = "NES cartridges, and programs for the 6502v",
    .boards = (const char *const[]) { "nes", "c6502", NULL },
    .accepts = nes_accepts,
    .accepted = "NES cartridges (iNES, NES 2.0), 6502v programs (HKNS)",
    .create = nes_create,
    .destroy = nes_destroy,
    .run = nes_run,
    .kick = nes_kick,
    .why_not = nes_why_not,
    .describe = nes_describe,
    .step = nes_step,
    .peek = nes_peek_bytes,
    .poke = nes_poke_bytes,
    .disassemble = nes_disassemble,
    .reset = nes_reset,
    .store = nes_store,
    .test = nes_test,
    .watch = nes_watch,
    .flow = nes_flow,
    .calls = nes_calls,
};
