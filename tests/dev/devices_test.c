/* A machine of nothing but memory and devices, of each kind one and on each transport, held to what
 * every component must keep to: save, load, save is the identity; a damaged image is refused, and
 * the machine is as before, or it is taken, and the machine can be used. SEED chooses other random
 * numbers; it is printed. */
#include "dev/pci/pci.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "dev/virtio/blk.h"
#include "dev/virtio/console.h"
#include "dev/virtio/net.h"
#include "dev/virtio/pci.h"
#include "dev/virtio/rig.h"
#include "dev/virtio/rig_disk.h"
#include "dev/virtio/rig_link.h"
#include "dev/virtio/rng.h"
#include "mach/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MMIO_DEVICES = 3, BAR = 0x40000000 };

struct board {
    struct machine machine;
    struct rig rig; /* memory, and blk on the first registers */
    struct virtio_mmio mmio[MMIO_DEVICES];
    struct virtio *on[MMIO_DEVICES];
    struct uart uart;
    struct rtc rtc;
    struct pci_bus pci;
    struct virtio_pci slot;
    struct blk blk;
    struct net net;
    struct rng rng;
    struct virtio_console console;
    struct rig_disk disk;
    struct rig_link link;
    struct char_port chars;
    struct clock_port clock;
    struct entropy_port entropy;
    s64 ns;
};

static u64 chance(u64 *r)
{
    *r = *r * 6364136223846793005ull + 1442695040888963407ull;
    return *r >> 32;
}

static size_t send(struct char_port *p, const void *bytes, size_t len)
{
    (void)p;
    (void)bytes;
    return len / 2;
}
static long recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    (void)p;
    (void)wait;
    memset(bytes, 'c', room);
    return (long)(room / 2);
}
static s64 wall(struct clock_port *p)
{
    return container_of(p, struct board, clock)->ns;
}
static size_t fill(struct entropy_port *p, void *bytes, size_t len)
{
    (void)p;
    memset(bytes, 4, len);
    return len;
}
static const struct char_ops char_ops = { .send = send, .recv = recv };
static const struct clock_ops clock_ops = { wall };
static const struct entropy_ops entropy_ops = { fill };

static void plug(struct board *b, unsigned at, struct virtio *v, struct component *c)
{
    b->on[at] = v;
    virtio_mmio_init(&b->mmio[at], v, (struct line) { rig_line, &b->rig, 0 },
                     (struct doorbell) { 0 });
    component_add(&b->machine.root, c);
}

static struct board *board_open(void)
{
    static const u8 mac[6] = { 2, 3, 4, 5, 6, 7 };
    struct board *b = calloc(1, sizeof *b);
    struct machine *m;

    assert_non_null(b);
    m = &b->machine;
    assert_true(rig_init(&b->rig));
    b->ns = 1700000000000000000;
    b->chars.ops = &char_ops, b->clock.ops = &clock_ops, b->entropy.ops = &entropy_ops;
    rig_disk_init(&b->disk);
    rig_link_init(&b->link, true);
    m->root = (struct component) { .name = "board", .self = b };
    m->hz_num = 1000000000, m->hz_den = 1;
    m->spaces = &b->rig.ram;
    event_queue_init(&m->events);
    uart_init(&b->uart, "uart", &b->chars, (struct line) { 0 });
    component_add(&m->root, &b->uart.component);
    rtc_init(&b->rtc, "rtc", m, &b->clock, (struct line) { 0 });
    component_add(&m->root, &b->rtc.component);
    assert_true(blk_init(&b->blk, "disk0", &b->disk.port, &b->rig.host, false));
    plug(b, 0, &b->blk.virtio, &b->blk.component);
    assert_true(net_init(&b->net, "net0", &b->link.port, mac, &b->rig.host));
    plug(b, 1, &b->net.virtio, &b->net.component);
    virtio_console_init(&b->console, "console", &b->chars, &b->rig.host);
    plug(b, 2, &b->console.virtio, &b->console.component);
    pci_bus_init(&b->pci, "pci", 0x1b36, 8);
    component_add(&m->root, &b->pci.component);
    rng_init(&b->rng, "rng", &b->entropy, &b->rig.host);
    virtio_pci_init(&b->slot, &b->rng.virtio, (struct msi) { 0 }, (struct doorbell) { 0 },
                    &b->rng.component);
    pci_plug(&b->pci, 1, &b->slot.pci, (struct line) { rig_line, &b->rig, 1 });
    component_add(&m->root, &b->rng.component);
    return b;
}

static void board_close(struct board *b)
{
    blk_fini(&b->blk);
    net_fini(&b->net);
    space_fini(&b->rig.ram);
    free(b);
}

/* Everything is in use, and something of everything under way. */
static void get_going(struct board *b)
{
    struct rig_buffer ask[] = { { RIG_BASE + 0x40000, 16, false },
                                { RIG_BASE + 0x41000, 4096, true },
                                { RIG_BASE + 0x42000, 1, true } };
    struct rig_buffer in = { RIG_BASE + 0x43000, 2000, true };

    for (unsigned i = 0; i < MMIO_DEVICES; i++) {
        b->rig.mmio = b->mmio[i];
        b->rig.virtio = b->on[i];
        assert_true(rig_start(&b->rig, b->on[i]->offered, 16));
        if (i == 0)
            rig_add(&b->rig, 0, ask, 3);
        else
            rig_add(&b->rig, 0, &in, 1);
        rig_kick(&b->rig, 0);
    }
    assert_int_equal(b->disk.waiting_count, 1);
    pci_ecam_write(&b->pci, 1 << 15 | 0x10, 4, BAR);
    pci_ecam_write(&b->pci, 1 << 15 | 4, 2, 6);
    pci_ecam_write(&b->pci, 1 << 15 | 0x42, 2, 0x8000);
    uart_write(&b->uart, 2, 0xc1), uart_write(&b->uart, 1, 15);
    for (unsigned i = 0; i < 9; i++)
        uart_write(&b->uart, 0, (u8)i);
    uart_poll(&b->uart);
    rtc_write(&b->rtc, 0, 11), rtc_write(&b->rtc, 1, 0x72);
}

/* Anything that a guest can do, and time. */
static void use(struct board *b, u64 *r, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        u64 v = chance(r), value = chance(r) & (v & 64 ? 0xff : UINT32_MAX), ignored;
        unsigned bytes = 1u << (v & 3 ? v & 1 : 2), i = (unsigned)(v >> 8) % MMIO_DEVICES;
        u64 reg = (v >> 12) % 0x80 * 4;

        switch (v >> 3 & 7) {
        case 0: virtio_mmio_write(&b->mmio[i], reg, 4, value); break;
        case 1: virtio_mmio_read(&b->mmio[i], reg, bytes); break;
        case 2: pci_memory_write(&b->pci, BAR + (v >> 12) % 0x6000, bytes, value); break;
        case 3: pci_memory_read(&b->pci, BAR + (v >> 12) % 0x6000, bytes, &ignored); break;
        case 4: uart_write(&b->uart, (v >> 12) % 8, uart_read(&b->uart, (v >> 16) % 8)); break;
        case 5:
            rtc_write(&b->rtc, 0, (u8)(v >> 12));
            rtc_write(&b->rtc, 1, (u8)(rtc_read(&b->rtc, 1) ^ value));
            break;
        case 6: virtio_notify(b->on[i], value & 3); break;
        default:
            rig_disk_work(&b->disk, 3);
            virtio_poll(b->on[i]);
            virtio_poll(&b->rng.virtio);
            uart_poll(&b->uart);
            b->ns += 1000000, b->machine.now += 1000000;
            event_run(&b->machine.events, b->machine.now);
            break;
        }
    }
}

static u8 *saved(struct board *b, size_t *len)
{
    u8 *out;

    *len = machine_save(&b->machine, NULL);
    out = malloc(*len);
    assert_non_null(out);
    machine_save(&b->machine, out);
    return out;
}

static u64 seed(void)
{
    const char *s = getenv("SEED");
    u64 r = s ? strtoull(s, NULL, 0) : 1;

    printf("SEED=%llu\n", (unsigned long long)r);
    return r;
}

static void save_load_save(void **state)
{
    u64 r = seed();

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct board *a = board_open(), *b = board_open();
        size_t len, len2;
        struct err e;
        u8 *one, *two;

        get_going(a);
        use(a, &r, i * 50);
        if (i & 1)
            use(b, &r, 200);
        one = saved(a, &len);
        if (machine_load(&b->machine, one, len, &e))
            fail_msg("%s", e.text);
        two = saved(b, &len2);
        assert_int_equal(len, len2);
        assert_memory_equal(one, two, len);
        use(b, &r, 100);
        free(one);
        free(two);
        board_close(a);
        board_close(b);
    }
}

/* Half of the bytes that are damaged lie before the memories, where all fields are. */
static void no_damaged_image_does_harm(void **state)
{
    struct board *b = board_open();
    unsigned refused = 0, run = 0;
    u64 r = seed() + 1;
    size_t len;
    u8 *good, *bad, *after;

    (void)state;
    get_going(b);
    use(b, &r, 300);
    good = saved(b, &len);
    bad = malloc(len), after = malloc(len);
    assert_true(bad && after);
    for (unsigned trial = 0; trial < 400; trial++) {
        struct err e = { 0 };

        memcpy(bad, good, len);
        for (unsigned n = (unsigned)chance(&r) % 3 + 1; n--;)
            bad[chance(&r) % (len - RIG_BYTES)] ^= (u8)(1u << chance(&r) % 8);
        if (machine_load(&b->machine, bad, len, &e)) {
            refused++;
            assert_true(e.code && e.text[0]);
            machine_save(&b->machine, after);
            assert_memory_equal(after, good, len);
            continue;
        }
        run++;
        use(b, &r, 60);
        if (machine_load(&b->machine, good, len, &e))
            fail_msg("its own image: %s", e.text);
    }
    printf("%u damaged images were refused, %u run\n", refused, run);
    assert_true(refused && run);
    free(good);
    free(bad);
    free(after);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_load_save),
        cmocka_unit_test(no_damaged_image_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
