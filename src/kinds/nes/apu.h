/* The 2A03's audio half: two pulses, triangle, noise, DMC, frame counter; and its registers
 * $4000-$4013, $4015, $4017.
 *
 * The APU catches up: apu_run(a, clk) simulates the steps of all CPU cycles before clk; the step of
 * a cycle comes after the CPU's access in it. Cycles alternate PUT and GET (the sides of the DMA
 * unit); pulses, noise and DMC count on GET. Between two changes of anybody's output nothing is
 * simulated at all: time advances in spans. */
#ifndef NES_APU_H
#define NES_APU_H

#include "kinds/nes/cart.h"
#include "kinds/nes/mos6502.h"
#include "kinds/nes/synth.h"
#include "mach/event.h"

/* clang-format off */
#define APU_ENVELOPE(F, A, E, G, H)                                              \
    F(STATE, bool, start, "restart at the next quarter frame")                   \
    F(STATE, bool, loop, "loop, and halt the length counter")                    \
    F(STATE, bool, constant, "constant volume")                                  \
    F(STATE, u8, volume, "volume, or the divider's period", 0, 15)               \
    F(STATE, u8, divider, "quarter frames left", 0, 15)                          \
    F(STATE, u8, decay, "decay level", 0, 15)

#define APU_LENGTH(F, A, E, G, H)                                                \
    F(STATE, u8, count, "half frames left", 0, 254)                              \
    F(STATE, bool, halt, "halted")                                               \
    F(STATE, bool, halt_next, "halted from the next step on")                    \
    F(STATE, bool, enabled, "$4015's bit")                                       \
    F(STATE, u8, reload, "value to load in this cycle's step, 0: none", 0, 254)

#define APU_PULSE(F, A, E, G, H)                                                 \
    F(STATE, u16, period, "timer period", 0, 0x7ff)                              \
    F(STATE, u32, timer, "cycles until the next step", 1, 0x1000)                \
    F(STATE, u8, duty, "duty cycle", 0, 3)                                       \
    F(STATE, u8, phase, "step of the sequence", 0, 7)                            \
    F(STATE, bool, sweep_on, "sweep enabled")                                    \
    F(STATE, bool, sweep_negate, "sweep upwards in pitch")                       \
    F(STATE, bool, sweep_reload, "reload the divider")                           \
    F(STATE, u8, sweep_period, "sweep divider's period", 0, 7)                   \
    F(STATE, u8, sweep_shift, "sweep shift", 0, 7)                               \
    F(STATE, u8, sweep_divider, "half frames left", 0, 7)                        \
    G(apu_envelope, env, "envelope")                                             \
    G(apu_length, len, "length counter")

#define APU_TRIANGLE(F, A, E, G, H)                                              \
    F(STATE, u16, period, "timer period", 0, 0x7ff)                              \
    F(STATE, u32, timer, "cycles until the next step", 1, 0x800)                 \
    F(STATE, u8, phase, "step of the sequence", 0, 31)                           \
    F(STATE, u8, linear, "linear counter", 0, 127)                               \
    F(STATE, u8, linear_load, "its reload value", 0, 127)                        \
    F(STATE, bool, linear_reload, "reload at the next quarter frame")            \
    F(STATE, bool, control, "keep reloading; halts the length counter")          \
    G(apu_length, len, "length counter")

#define APU_NOISE(F, A, E, G, H)                                                 \
    F(STATE, u8, rate, "index of the period", 0, 15)                             \
    F(STATE, bool, mode, "short sequence")                                       \
    F(STATE, u32, timer, "cycles until the next step", 1, 4068)                  \
    F(STATE, u16, lfsr, "shift register", 1, 0x7fff)                             \
    G(apu_envelope, env, "envelope")                                             \
    G(apu_length, len, "length counter")

#define APU_DMC(F, A, E, G, H)                                                   \
    F(STATE, bool, irq_enabled, "interrupt at the sample's end")                 \
    F(STATE, bool, loop, "repeat the sample")                                    \
    F(STATE, u8, rate, "index of the period", 0, 15)                             \
    F(STATE, u8, level, "output level, 7 bits", 0, 127)                          \
    F(STATE, u16, start, "sample address", 0xc000, 0xffc0)                       \
    F(STATE, u16, length, "sample length", 1, 0xff1)                             \
    F(STATE, u16, address, "next byte")                                          \
    F(STATE, u16, remaining, "bytes left", 0, 0xff1)                             \
    F(STATE, u8, buffer, "sample buffer")                                        \
    F(STATE, bool, buffer_full, "it holds a byte")                               \
    F(STATE, u8, shift, "shift register")                                        \
    F(STATE, u8, bits, "bits left in it", 1, 8)                                  \
    F(STATE, bool, silent, "nothing to shift out")                               \
    F(STATE, u32, timer, "cycles until the next bit", 1, 1024)                   \
    F(STATE, bool, enabled, "the delayed enable of $4015")                       \
    F(STATE, u64, enable_at, "step in which enable_next acts")                   \
    F(STATE, bool, enable_next, "what it becomes")                               \
    F(STATE, u64, load_at, "step in which a first byte is asked for")            \
    F(STATE, bool, wanted, "a byte is wanted")                                   \
    F(STATE, bool, dma_request, "the DMA unit is asked for it")                  \
    F(STATE, u64, got, "cycle in which the last byte came")

#define APU(F, A, E, G, H)                                                       \
    F(STATE, u64, clk, "steps done: all of cycles before this one", 0, CLK_MAX)  \
    H(apu_pulse, pulse, 2, "pulse channels")                                     \
    G(apu_triangle, triangle, "triangle channel")                                \
    G(apu_noise, noise, "noise channel")                                         \
    G(apu_dmc, dmc, "delta modulation channel")                                  \
    F(STATE, bool, five_step, "the frame counter's mode")                        \
    F(STATE, bool, irq_inhibit, "its interrupt is off")                          \
    F(STATE, u64, frame_zero, "cycle in whose step its count was 0")             \
    F(STATE, u8, frame_step, "which of its events is next", 0, 5)                \
    F(STATE, u64, frame_reset_at, "step in which a $4017 write resets it")       \
    F(STATE, u8, last_4017, "the value written last, for the reset button")      \
    F(STATE, bool, frame_flag, "$4015 bit 6")                                    \
    F(STATE, u64, flag_clear_at, "step in which a read of $4015 clears it")      \
    F(STATE, bool, irq_frame, "interrupt line of the frame counter")             \
    F(STATE, bool, irq_dmc, "interrupt line of the DMC")                         \
    F(STATE, s32, level, "what was last told to the synthesiser", 0, 65535)
/* clang-format on */

struct apu_envelope {
    FIELD_MEMBERS(APU_ENVELOPE)
};
struct apu_length {
    FIELD_MEMBERS(APU_LENGTH)
};
struct apu_pulse {
    FIELD_MEMBERS(APU_PULSE)
};
struct apu_triangle {
    FIELD_MEMBERS(APU_TRIANGLE)
};
struct apu_noise {
    FIELD_MEMBERS(APU_NOISE)
};
struct apu_dmc {
    FIELD_MEMBERS(APU_DMC)
};

struct apu {
    FIELD_MEMBERS(APU)
    u64 deadline;        /* clk at which an output may change */
    struct synth *synth; /* borrowed; NULL: silence */
    bool pal;
    s32 pulse_mix[31]; /* levels of both pulses together, in synth units */
    s32 tnd_mix[203];  /* of 3 triangle + 2 noise + dmc */
};

const struct fields *apu_envelope_fields(void);
const struct fields *apu_length_fields(void);
const struct fields *apu_pulse_fields(void);
const struct fields *apu_triangle_fields(void);
const struct fields *apu_noise_fields(void);
const struct fields *apu_dmc_fields(void);
const struct fields *apu_fields(void);

static inline bool apu_is_put(u64 clk)
{
    return !(clk & 1);
}

void apu_init(struct apu *a, struct synth *synth, enum nes_region region);
void apu_power(struct apu *a);
void apu_reset(struct apu *a, u64 clk);
int apu_loaded(void *apu, struct err *e); /* the component's loaded() */

void apu_run(struct apu *a, u64 clk);
void apu_write(struct apu *a, unsigned reg, u8 value, u64 clk); /* reg: 0x00..0x17 */
u8 apu_status_read(struct apu *a, u64 clk);                     /* bit 5 is open bus: 0 here */
u8 apu_status_peek(const struct apu *a);
void apu_dmc_fill(struct apu *a, u8 byte, u64 clk); /* the DMA unit read dmc.address in cycle clk */

/* Units that another chip has too (MMC5). */
extern const u8 apu_length_ticks[32]; /* by the upper five bits of a channel's last register */
extern const u8 apu_duty[4];          /* of the pulse channels: step 0 in bit 7 */
unsigned apu_envelope_volume(const struct apu_envelope *e);
void apu_envelope_clock(struct apu_envelope *e);
void apu_envelope_write(struct apu_envelope *e, u8 value); /* a channel's first register */

/* dmc.c, for apu.c */
void dmc_write(struct apu *a, unsigned reg, u8 value);
void dmc_enable(struct apu *a, bool on, u64 clk);
void dmc_step(struct apu *a, u64 clk);     /* what is due in the step of cycle clk */
void dmc_pass(struct apu *a, u64 span);    /* so many cycles in which nothing is */
u64 dmc_next(const struct apu *a);         /* the step in which something is due */
u64 dmc_next_request(const struct apu *a); /* ... that the console can see */
void dmc_power(struct apu *a);

#endif
