#include "kinds/kvm/i8259.h"

#include <assert.h>

FIELD_TABLE(i8259, 1, I8259)

enum { SILENT, WAIT_ICW2, WAIT_ICW3, WAIT_ICW4, READY };
enum { ICW1_ICW4 = 1, ICW1_SINGLE = 2, ICW1 = 0x10, ICW4_AUTO_EOI = 2 };
enum { OCW3 = 8, OCW3_READ = 2, OCW3_ISR = 1, OCW2_EOI = 0x20, OCW2_SPECIFIC = 0x40 };

static void initialise(struct i8259 *p, u8 icw1)
{
    u8 lines = p->lines;

    *p = (struct i8259) { .step = WAIT_ICW2, .icw1 = icw1, .lines = lines };
}

static void end_interrupt(struct i8259 *p, u8 ocw2)
{
    if (ocw2 & OCW2_SPECIFIC)
        p->service = (u8)(p->service & ~(1 << (ocw2 & 7)));
    else
        p->service = (u8)(p->service & (p->service - 1)); /* the one of highest priority */
}

static void write_command(struct i8259 *p, u8 v)
{
    if (v & ICW1)
        initialise(p, v);
    else if (v & OCW3)
        p->read_isr = v & OCW3_READ ? v & OCW3_ISR : p->read_isr;
    else if (v & OCW2_EOI)
        end_interrupt(p, v);
}

static void write_data(struct i8259 *p, u8 v)
{
    switch (p->step) {
    case WAIT_ICW2:
        p->base = v & 0xf8;
        p->step = p->icw1 & ICW1_SINGLE ? (p->icw1 & ICW1_ICW4 ? WAIT_ICW4 : READY) : WAIT_ICW3;
        break;
    case WAIT_ICW3: p->step = p->icw1 & ICW1_ICW4 ? WAIT_ICW4 : READY; break;
    case WAIT_ICW4:
        p->auto_eoi = v & ICW4_AUTO_EOI;
        p->step = READY;
        break;
    default: p->mask = v; break;
    }
}

void i8259_write(struct i8259 *p, unsigned port, u8 value)
{
    if (port)
        write_data(p, value);
    else
        write_command(p, value);
}

u8 i8259_read(const struct i8259 *p, unsigned port)
{
    if (port)
        return p->mask;
    return p->read_isr ? p->service : p->request;
}

void i8259_line(void *self, unsigned index, int level)
{
    struct i8259 *p = self;
    u8 bit = (u8)(1 << index);

    assert(index < 8);
    if (level && !(p->lines & bit))
        p->request |= bit;
    if (!level) /* a request that went away before anyone took it */
        p->request = (u8)(p->request & ~bit);
    p->lines = (u8)(level ? p->lines | bit : p->lines & ~bit);
}

int i8259_pending(const struct i8259 *p)
{
    u8 wanted = (u8)(p->request & ~p->mask);

    if (p->step != READY || !wanted)
        return -1;
    /* Lower numbers come first; what is in service keeps out its own and all that come after. */
    if (p->service && __builtin_ctz(wanted) >= __builtin_ctz(p->service))
        return -1;
    return __builtin_ctz(wanted);
}

u8 i8259_acknowledge(struct i8259 *p)
{
    int line = i8259_pending(p);

    assert(line >= 0);
    p->request = (u8)(p->request & ~(1 << line));
    if (!p->auto_eoi)
        p->service = (u8)(p->service | 1 << line);
    return (u8)(p->base + line);
}

bool i8259_hears(const struct i8259 *p, unsigned index)
{
    return p->step == READY && !(p->mask >> index & 1) &&
           !(p->service && (unsigned)__builtin_ctz(p->service) <= index);
}
