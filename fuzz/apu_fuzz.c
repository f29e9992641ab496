/* Register streams for the APU. Two of them get the same: one takes time in strides, the other
 * cycle by cycle. All state and all sound must be the same, and neither an interrupt line nor the
 * DMA request may change before the deadline that was named.
 *
 * The first byte chooses the region. Then three bytes each: what and how much later, and two of
 * argument. A damaged image may come in too: if it is taken, both go on from it. */
#include "fuzz/target.h"
#include "kinds/nes/apu.h"

enum { STEP = 3, CYCLES_MAX = 200000, SOUND_EVERY = 20000 };
enum command { WRITE, WRITE_LOW, STATUS, WAIT, WAIT_LONG, FILL, DAMAGE, RESET };

struct side {
    struct apu a;
    struct synth s;
    u64 now; /* the CPU's place when an image comes in */
};

struct pair {
    struct side stride, walk;
    u64 clk, sounded;
};

static void open_side(struct side *s, enum nes_region region)
{
    memset(s, 0, sizeof *s);
    synth_init(&s->s, 236250000, 132, SYNTH_UNITY);
    apu_init(&s->a, &s->s, region);
    apu_power(&s->a);
}

static void must_be_alike(const struct pair *b)
{
    must(fields_equal(apu_fields(), &b->stride.a, &b->walk.a));
    must(b->stride.a.deadline == b->walk.a.deadline);
    must(!memcmp(b->stride.s.delta, b->walk.s.delta, sizeof b->stride.s.delta));
}

static unsigned outputs(const struct apu *a)
{
    return a->irq_frame | a->irq_dmc << 1 | a->dmc.dma_request << 2;
}

static void walk_to(struct apu *a, u64 clk)
{
    while (a->clk < clk) {
        u64 deadline = a->deadline;
        unsigned before = outputs(a);

        apu_run(a, a->clk + 1);
        must(outputs(a) == before || a->clk >= deadline);
    }
}

static void take_sound(struct pair *b)
{
    struct side *sides[] = { &b->stride, &b->walk };
    s16 samples[SYNTH_ROOM];

    for (unsigned i = 0; i < 2; i++) {
        synth_end(&sides[i]->s, b->clk);
        synth_read(&sides[i]->s, samples, SYNTH_ROOM);
    }
    b->sounded = b->clk;
}

static void catch_up(struct pair *b)
{
    apu_run(&b->stride.a, b->clk);
    walk_to(&b->walk.a, b->clk);
    must_be_alike(b);
    if (b->clk - b->sounded > SOUND_EVERY)
        take_sound(b);
}

static void pass_time(struct pair *b, u64 cycles)
{
    while (cycles) {
        u64 n = cycles < SOUND_EVERY ? cycles : SOUND_EVERY;

        b->clk += n;
        cycles -= n;
        catch_up(b);
    }
}

/* As the console does, it refuses an APU that is not where the CPU is. */
static int side_loaded(void *apu, struct err *e)
{
    const struct side *s = container_of(apu, struct side, a);

    return s->a.clk == s->now ? apu_loaded(apu, e) : err_set(e, ERR_FORMAT, "clk");
}

/* The same damage to both: taken by both or by neither. */
static void damage(struct pair *b, u16 where, u8 flip)
{
    struct side *sides[] = { &b->stride, &b->walk };
    bool taken[2];

    catch_up(b);
    for (unsigned i = 0; i < 2; i++) {
        struct component c = { .self = &sides[i]->a,
                               .fields = apu_fields(),
                               .loaded = side_loaded };

        sides[i]->now = b->clk;
        taken[i] = component_damage(&c, where, flip);
    }
    must(taken[0] == taken[1]);
    must_be_alike(b);
}

static void fill(struct pair *b, u8 byte)
{
    catch_up(b);
    if (!b->stride.a.dmc.dma_request)
        return;
    b->clk += apu_is_put(b->clk); /* a GET cycle */
    catch_up(b);
    apu_dmc_fill(&b->stride.a, byte, b->clk);
    apu_dmc_fill(&b->walk.a, byte, b->clk);
    b->clk++;
}

static void write_register(struct pair *b, unsigned reg, u8 value)
{
    catch_up(b);
    apu_write(&b->stride.a, reg, value, b->clk);
    apu_write(&b->walk.a, reg, value, b->clk);
    b->clk++;
}

static void read_status(struct pair *b)
{
    catch_up(b);
    must(apu_status_peek(&b->stride.a) == apu_status_peek(&b->walk.a));
    must(apu_status_read(&b->stride.a, b->clk) == apu_status_read(&b->walk.a, b->clk));
    b->clk++;
}

static void one(struct pair *b, const u8 d[STEP])
{
    b->clk += d[0] >> 3;
    switch ((enum command)(d[0] & 7)) {
    case WRITE: write_register(b, d[1] % 0x18, d[2]); break;
    case WRITE_LOW: write_register(b, d[1] % 0x18, d[2] & 0x9f); break;
    case STATUS: read_status(b); break;
    case WAIT: pass_time(b, d[1]); break;
    case WAIT_LONG: pass_time(b, d[1] | (d[2] & 63u) << 8); break;
    case FILL: fill(b, d[2]); break;
    case DAMAGE: damage(b, (u16)(d[1] | (d[0] & 0xf8) << 5), d[2]); break;
    case RESET:
        catch_up(b);
        apu_reset(&b->stride.a, b->clk);
        apu_reset(&b->walk.a, b->clk);
        b->clk += 2;
        break;
    }
    catch_up(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pair b;

    if (!size)
        return 0;
    open_side(&b.stride, data[0] % 3);
    open_side(&b.walk, data[0] % 3);
    b.clk = 7;
    b.sounded = 0;
    for (size_t at = 1; at + STEP <= size && b.clk < CYCLES_MAX; at += STEP)
        one(&b, data + at);
    pass_time(&b, 3000);
    return 0;
}
