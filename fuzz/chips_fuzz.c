/* Register streams for the serial port, the clock, and a PCI bus with a virtio device on it: no
 * access does harm, no call takes long, and a register reads twice the same where reading has no
 * side effect. A damaged image may come in; if it is taken, it runs.
 *
 * Four bytes each: what, where, and two of value. */
#include "dev/rtc.h"
#include "dev/uart.h"
#include "dev/virtio/pci.h"
#include "dev/virtio/rig.h"
#include "dev/virtio/rng.h"
#include "fuzz/target.h"

enum { STEP = 4, STEPS_MAX = 2000, BAR = 0x40000000 };

struct bench {
    struct rig rig;
    struct machine machine;
    struct uart uart;
    struct rtc rtc;
    struct pci_bus bus;
    struct rng rng;
    struct virtio_pci slot;
    struct char_port chars;
    struct clock_port clock;
    struct entropy_port entropy;
    s64 ns;
    u8 takes;
};

static size_t send(struct char_port *p, const void *bytes, size_t len)
{
    u8 takes = container_of(p, struct bench, chars)->takes;

    (void)bytes;
    return len < takes ? len : takes;
}
static long recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    (void)p;
    must(room && !wait);
    memset(bytes, 'r', room);
    return (long)(room / 2);
}
static s64 wall(struct clock_port *p)
{
    return container_of(p, struct bench, clock)->ns;
}
static size_t fill(struct entropy_port *p, void *bytes, size_t len)
{
    (void)p;
    memset(bytes, 1, len);
    return len;
}
static const struct char_ops char_ops = { .send = send, .recv = recv };
static const struct clock_ops clock_ops = { wall };
static const struct entropy_ops entropy_ops = { fill };

static void open_bench(struct bench *b)
{
    struct machine *m = &b->machine;

    memset(b, 0, sizeof *b);
    must(rig_init(&b->rig));
    b->chars.ops = &char_ops, b->clock.ops = &clock_ops, b->entropy.ops = &entropy_ops;
    b->ns = 1700000000000000000;
    m->hz_num = 1000000000, m->hz_den = 1;
    event_queue_init(&m->events);
    uart_init(&b->uart, "uart", &b->chars, (struct line) { rig_line, &b->rig, 0 });
    rtc_init(&b->rtc, "rtc", m, &b->clock, (struct line) { rig_line, &b->rig, 1 });
    pci_bus_init(&b->bus, "pci", 0x1b36, 8);
    rng_init(&b->rng, "rng", &b->entropy, &b->rig.host);
    virtio_pci_init(&b->slot, &b->rng.virtio, (struct msi) { 0 }, (struct doorbell) { 0 }, NULL);
    pci_plug(&b->bus, 1, &b->slot.pci, (struct line) { rig_line, &b->rig, 2 });
    pci_ecam_write(&b->bus, 1 << 15 | 0x10, 4, BAR);
    pci_ecam_write(&b->bus, 1 << 15 | 4, 2, 6);
}

static void uart(struct bench *b, const u8 *d)
{
    u8 before = uart_peek(&b->uart, d[1] & 7);

    b->takes = d[3];
    must(uart_read(&b->uart, d[1] & 7) == before);
    uart_write(&b->uart, d[1] >> 4 & 7, d[2]);
    if (d[3] & 1)
        uart_poll(&b->uart);
}

static void pass(struct bench *b, const u8 *d)
{
    u64 ns = (u64)(d[1] | d[2] << 8) << (d[3] & 15);

    b->ns += (s64)ns;
    b->machine.now += ns;
    for (unsigned n = 0; n < 50 && b->machine.events.deadline <= b->machine.now; n++)
        event_run(&b->machine.events, b->machine.events.deadline);
}

static void pci(struct bench *b, const u8 *d)
{
    static const u16 places[] = { 0, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7ff0 };
    u32 value = d[2] | (u32)d[3] << (d[0] >> 3 & 24);
    unsigned bytes = 1u << (d[0] >> 3 & 3);
    u64 at = BAR + places[d[3] & 7] + d[1], got;

    switch (d[3] >> 6) {
    case 0: pci_memory_write(&b->bus, at, bytes, value); break;
    case 1: pci_memory_read(&b->bus, at, bytes, &got); break;
    case 2: pci_ecam_write(&b->bus, 1 << 15 | d[1], bytes, value); break;
    default:
        pci_port_write(&b->bus, 0, 4, 0x80000800u | d[1]);
        pci_port_read(&b->bus, 4 + (d[2] & 3), bytes);
        pci_port_write(&b->bus, 4 + (d[2] & 3), bytes, value);
        break;
    }
}

static void damage(struct bench *b, const u8 *d)
{
    struct component *all[] = { &b->uart.component,       &b->rtc.component,
                                &b->slot.pci.component,   &b->slot.component,
                                &b->rng.virtio.component, &b->bus.component };

    component_damage(all[d[0] >> 3 & 3 ? d[0] >> 3 & 3 : d[2] % 6], d[1] | (d[2] & 3u) << 8, d[3]);
}

static void one(struct bench *b, const u8 *d)
{
    switch (d[0] & 7) {
    case 0:
    case 1: uart(b, d); break;
    case 2:
        rtc_write(&b->rtc, 0, d[1]);
        rtc_write(&b->rtc, 1, d[2]);
        break;
    case 3:
        rtc_write(&b->rtc, 0, d[1]);
        rtc_read(&b->rtc, d[2] & 1);
        break;
    case 4: pass(b, d); break;
    case 5:
    case 6: pci(b, d); break;
    default: damage(b, d); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench b;

    open_bench(&b);
    for (size_t at = 0, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++)
        one(&b, data + at);
    space_fini(&b.rig.ram);
    return 0;
}
