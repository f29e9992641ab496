/* The delta modulation channel: memory reader, buffer, output unit. The DMA unit (dma.c) fetches.
 *
 *   $4015 enables, no bytes left --2/3 cycles--> load_at: asks for the first byte
 *   output unit empties the buffer -----------------------> asks for the next one
 *   the DMA's GET cycle --apu_dmc_fill()--> buffer full; the sample's end loops, interrupts or
 * stops $4015 disables --3/4 cycles--> the request is dropped, even between halt and fetch
 */
#include "kinds/nes/apu.h"

static const u16 rate_table[2][16] = {
    { 428, 380, 340, 320, 286, 254, 226, 214, 190, 160, 142, 128, 106, 84, 72, 54 },
    { 398, 354, 316, 298, 276, 236, 210, 198, 176, 148, 132, 118, 98, 78, 66, 50 },
};

void dmc_power(struct apu *a)
{
    struct apu_dmc *d = &a->dmc;

    d->start = 0xc000;
    d->length = 1;
    d->bits = 8;
    d->silent = true;
    d->timer = 1023; /* ends on a GET step */
    d->timer += !apu_is_put(a->clk + d->timer - 1) ? 0 : 1;
    d->enable_at = d->load_at = EVENT_NEVER;
}

void dmc_write(struct apu *a, unsigned reg, u8 v)
{
    struct apu_dmc *d = &a->dmc;

    switch (reg) {
    case 0:
        d->irq_enabled = v >> 7;
        d->loop = v >> 6 & 1;
        d->rate = v & 15;
        if (!d->irq_enabled)
            a->irq_dmc = false;
        break;
    case 1: d->level = v & 127; break;
    case 2: d->start = (u16)(0xc000 | v << 6); break;
    case 3: d->length = (u16)(v << 4 | 1); break;
    }
}

static void restart(struct apu_dmc *d)
{
    d->address = d->start;
    d->remaining = d->length;
}

static void request(struct apu_dmc *d)
{
    d->dma_request = d->wanted && d->enabled;
}

void dmc_enable(struct apu *a, bool on, u64 clk)
{
    struct apu_dmc *d = &a->dmc;
    u32 delay = apu_is_put(clk) ? 2 : 3;

    a->irq_dmc = false;
    if (on) {
        if (!d->remaining) {
            restart(d);
            if (!d->buffer_full)
                d->load_at = clk + delay;
        }
    } else {
        d->remaining = 0;
        /* Just before the output unit asks, the request still goes through. */
        if (d->bits == 1 && d->timer <= 2)
            delay += 2;
    }
    d->enable_next = on;
    d->enable_at = clk + delay;
}

static void output_bit(struct apu *a, u64 clk)
{
    struct apu_dmc *d = &a->dmc;

    d->timer = rate_table[a->pal][d->rate];
    if (!d->silent) {
        if ((d->shift & 1) && d->level <= 125)
            d->level += 2;
        else if (!(d->shift & 1) && d->level >= 2)
            d->level -= 2;
    }
    d->shift >>= 1;
    if (--d->bits)
        return;
    d->bits = 8;
    d->silent = !d->buffer_full;
    d->shift = d->buffer;
    d->buffer_full = false;
    if (d->remaining && d->got != clk) {
        d->wanted = true;
        request(d);
    }
}

/* Cycles until the output unit takes the next byte, counting its step's. */
static u64 byte_ends(const struct apu *a)
{
    const struct apu_dmc *d = &a->dmc;

    return d->timer + (d->bits - 1u) * (u64)rate_table[a->pal][d->rate];
}

/* Cycles until the output unit does something that can be seen: silent bits are not. */
static u64 next_output(const struct apu *a)
{
    return a->dmc.silent ? byte_ends(a) : a->dmc.timer;
}

void dmc_pass(struct apu *a, u64 span)
{
    struct apu_dmc *d = &a->dmc;
    u32 rate = rate_table[a->pal][d->rate];
    u64 bits;

    if (span < d->timer) {
        d->timer -= (u32)span;
        return;
    }
    span -= d->timer;
    bits = 1 + span / rate;
    d->timer = rate - (u32)(span % rate);
    d->bits = (u8)(d->bits - bits);
    d->shift = bits < 8 ? (u8)(d->shift >> bits) : 0;
}

void dmc_step(struct apu *a, u64 clk)
{
    struct apu_dmc *d = &a->dmc;
    u64 passed = clk + 1 - a->clk;

    if (next_output(a) <= passed) {
        dmc_pass(a, passed - 1);
        output_bit(a, clk);
    } else {
        dmc_pass(a, passed);
    }
    if (d->load_at == clk) {
        d->load_at = EVENT_NEVER;
        if (!d->buffer_full && d->remaining)
            d->wanted = true;
    }
    if (d->enable_at == clk) {
        d->enable_at = EVENT_NEVER;
        d->enabled = d->enable_next;
        if (!d->enabled)
            d->wanted = false;
    }
    request(d);
}

static u64 earlier(u64 at, const struct apu_dmc *d)
{
    at = d->enable_at < at ? d->enable_at : at;
    return d->load_at < at ? d->load_at : at;
}

u64 dmc_next(const struct apu *a)
{
    return earlier(a->clk + next_output(a) - 1, &a->dmc);
}

u64 dmc_next_request(const struct apu *a)
{
    return earlier(a->dmc.remaining ? a->clk + byte_ends(a) - 1 : EVENT_NEVER, &a->dmc);
}

void apu_dmc_fill(struct apu *a, u8 byte, u64 clk)
{
    struct apu_dmc *d = &a->dmc;

    apu_run(a, clk);
    d->buffer = byte;
    d->buffer_full = true;
    d->wanted = d->dma_request = false;
    d->got = clk;
    d->address = d->address == 0xffff ? 0x8000 : d->address + 1;
    if (d->remaining && !--d->remaining) {
        if (d->loop)
            restart(d);
        else if (d->irq_enabled)
            a->irq_dmc = true;
    }
    apu_run(a, clk + 1);
}
