/* The PCI transport and the bus below it: found, sized, mapped, interrupted, as a driver does. */
#include "dev/virtio/pci.h"

#include "dev/virtio/rig.h"
#include "dev/virtio/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SLOT = 3 };
static const u64 bar_at = 0xc0008000;

struct bench {
    struct rig rig; /* its memory and rings; not its registers */
    struct entropy_port port;
    struct rng rng;
    struct virtio_pci pci;
    struct pci_bus bus;
    int level;
    unsigned messages, moves;
    u64 address, where;
    u32 data, source;
    /* The doorbells that are bound. */
    void (*ring[8])(void *ctx, u64 value);
    void *ctx[8];
    bool bells;
};

static size_t fill(struct entropy_port *p, void *bytes, size_t len)
{
    (void)p;
    memset(bytes, 0x3c, len);
    return len;
}
static const struct entropy_ops ops = { fill };

static void wire(void *owner, unsigned index, int level)
{
    (void)index;
    ((struct bench *)owner)->level = level;
}

static void message(void *owner, u32 source, u64 address, u32 data)
{
    struct bench *b = owner;

    b->messages++;
    b->source = source, b->address = address, b->data = data;
}

static bool bind(void *owner, u64 offset, unsigned bytes, u64 value,
                 void (*ring)(void *ctx, u64 value), void *ctx)
{
    struct bench *b = owner;

    if (!b->bells)
        return false;
    assert_int_equal(bytes, 0); /* each queue has an address of its own */
    assert_int_equal(offset, 0x3000 + 4 * value);
    b->ring[value] = ring, b->ctx[value] = ctx;
    return true;
}

static void unbind(void *owner, u64 offset, u64 value)
{
    (void)offset;
    ((struct bench *)owner)->ring[value] = NULL;
}

static void moved(void *owner, struct pci_device *d)
{
    struct bench *b = owner;

    b->moves++;
    b->where = pci_bar(d, 0);
}

static void bench_init(struct bench *b, bool bells)
{
    memset(b, 0, sizeof *b);
    assert_true(rig_init(&b->rig));
    b->port.ops = &ops;
    b->bells = bells;
    rng_init(&b->rng, "rng", &b->port, &b->rig.host);
    virtio_pci_init(&b->pci, &b->rng.virtio, (struct msi) { message, b, 0 },
                    (struct doorbell) { bind, unbind, b }, &b->rng.component);
    pci_bus_init(&b->bus, "pci", 0x1b36, 8);
    b->bus.moved = moved;
    b->bus.owner = b;
    pci_plug(&b->bus, SLOT, &b->pci.pci, (struct line) { wire, b, 0 });
}

static void bench_fini(struct bench *b)
{
    virtio_pci_fini(&b->pci);
    space_fini(&b->rig.ram);
}

static u32 get(struct bench *b, unsigned reg, unsigned bytes)
{
    return pci_ecam_read(&b->bus, SLOT << 15 | reg, bytes);
}

static void set(struct bench *b, unsigned reg, unsigned bytes, u32 value)
{
    pci_ecam_write(&b->bus, SLOT << 15 | reg, bytes, value);
}

static void map(struct bench *b)
{
    set(b, 0x10, 4, (u32)bar_at);
    set(b, 4, 2, 6);
}

static u64 read_bar(struct bench *b, u64 at, unsigned bytes)
{
    u64 v = 0xdeadbeef;

    assert_true(pci_memory_read(&b->bus, bar_at + at, bytes, &v));
    return v;
}

static void write_bar(struct bench *b, u64 at, unsigned bytes, u64 v)
{
    assert_true(pci_memory_write(&b->bus, bar_at + at, bytes, v));
}

/* The structure of a type: where in the BAR; also its capability's place. */
static u32 structure(struct bench *b, u8 type, unsigned *cap)
{
    for (unsigned at = get(b, 0x34, 1), n = 0; at && n < 20; at = get(b, at + 1, 1), n++)
        if (get(b, at, 1) == 9 && get(b, at + 3, 1) == type) {
            if (cap)
                *cap = at;
            assert_int_equal(get(b, at + 4, 1), 0);
            return get(b, at + 8, 4);
        }
    fail_msg("no structure %u", type);
    return 0;
}

static unsigned msix(struct bench *b)
{
    for (unsigned at = get(b, 0x34, 1), n = 0; at && n < 20; at = get(b, at + 1, 1), n++)
        if (get(b, at, 1) == 17)
            return at;
    fail();
    return 0;
}

static void found_on_the_bus(void **state)
{
    struct bench b;
    u64 v;

    (void)state;
    bench_init(&b, false);
    assert_int_equal(pci_ecam_read(&b.bus, 0, 4), 0x81b36);
    assert_int_equal(pci_ecam_read(&b.bus, 0xb, 1), 6);
    assert_int_equal(pci_ecam_read(&b.bus, 1 << 15, 4), UINT32_MAX);
    assert_int_equal(pci_ecam_read(&b.bus, SLOT << 15 | 1 << 12, 4), UINT32_MAX);
    assert_int_equal(pci_ecam_read(&b.bus, 1 << 20, 4), UINT32_MAX);
    assert_int_equal(get(&b, 0, 4), 0x10441af4);
    assert_int_equal(get(&b, 8, 1), 1);
    assert_int_equal(get(&b, 0x3d, 1), 1);
    assert_int_equal(get(&b, 0x100, 4), 0);
    assert_int_equal(get(&b, 6, 2) & 16, 16);
    pci_port_write(&b.bus, 0, 4, 0x80000000 | SLOT << 11 | 8);
    assert_int_equal(pci_port_read(&b.bus, 0, 4), 0x80000000 | SLOT << 11 | 8);
    assert_int_equal(pci_port_read(&b.bus, 7, 1), 0xff); /* class 0xff0000 */
    assert_int_equal(pci_port_read(&b.bus, 4, 4), 0xff000001);
    pci_port_write(&b.bus, 0, 4, SLOT << 11);
    assert_int_equal(pci_port_read(&b.bus, 4, 4), UINT32_MAX);
    set(&b, 0x10, 4, UINT32_MAX); /* how large? */
    assert_int_equal(get(&b, 0x10, 4), 0xffff8000);
    set(&b, 0x14, 4, UINT32_MAX);
    assert_int_equal(get(&b, 0x14, 4), 0);
    set(&b, 0, 4, 0);
    assert_int_equal(get(&b, 0, 4), 0x10441af4);
    assert_false(pci_memory_read(&b.bus, bar_at, 4, &v));
    map(&b);
    assert_int_equal(b.where, bar_at);
    assert_true(pci_memory_read(&b.bus, bar_at, 4, &v));
    assert_false(pci_memory_read(&b.bus, bar_at + 0x7ffe, 4, &v));
    assert_false(pci_memory_read(&b.bus, bar_at - 1, 4, &v));
    set(&b, 4, 2, 0);
    assert_int_equal(b.where, PCI_NOWHERE);
    assert_false(pci_memory_write(&b.bus, bar_at, 4, 0));
    bench_fini(&b);
}

/* All that a driver does, by the structures that it finds. */
static void start(struct bench *b)
{
    u32 c = structure(b, 1, NULL);
    struct rig_queue *q = &b->rig.queue[0];
    u64 at = RIG_BASE + 0x1000;

    *q = (struct rig_queue) { at, at + 4096, at + 8192, 16, 0, 0, 0 };
    write_bar(b, c + 20, 1, 0);
    write_bar(b, c + 20, 1, 3);
    write_bar(b, c + 8, 4, 1);
    write_bar(b, c + 12, 4, 1); /* VERSION_1 */
    write_bar(b, c + 20, 1, 11);
    assert_int_equal(read_bar(b, c + 20, 1), 11);
    assert_int_equal(read_bar(b, c + 18, 2), 1);
    write_bar(b, c + 22, 2, 1);
    assert_int_equal(read_bar(b, c + 24, 2), 0); /* no such queue */
    write_bar(b, c + 22, 2, 0);
    assert_int_equal(read_bar(b, c + 24, 2), 64);
    write_bar(b, c + 24, 2, 16);
    write_bar(b, c + 32, 8, q->desc);
    write_bar(b, c + 40, 4, (u32)q->avail), write_bar(b, c + 44, 4, q->avail >> 32);
    write_bar(b, c + 48, 4, (u32)q->used), write_bar(b, c + 52, 4, q->used >> 32);
    assert_int_equal(read_bar(b, c + 48, 8), q->used);
    write_bar(b, c + 28, 2, 1);
    assert_int_equal(read_bar(b, c + 28, 2), 1);
    write_bar(b, c + 20, 1, 15);
}

static void ask(struct bench *b)
{
    struct rig_buffer v = { rig_buffer(&b->rig, 16), 16, true };

    rig_add(&b->rig, 0, &v, 1);
    rig_publish(&b->rig, 0);
    if (b->ring[0])
        b->ring[0](b->ctx[0], 0);
    else
        write_bar(b, structure(b, 2, NULL) + read_bar(b, 30, 2) * 4, 2, 0);
    assert_true(rig_used(&b->rig, 0, NULL) >= 0);
}

static void by_wire(void **state)
{
    struct bench b;

    (void)state;
    for (unsigned bells = 0; bells < 2; bells++) {
        bench_init(&b, bells);
        map(&b);
        start(&b);
        assert_int_equal(b.ring[0] != NULL, bells);
        ask(&b);
        assert_int_equal(b.level, 1);
        assert_int_equal(get(&b, 6, 2) & 8, 8);
        set(&b, 4, 2, 6 | 1 << 10);
        assert_int_equal(b.level, 0);
        set(&b, 4, 2, 6);
        assert_int_equal(b.level, 1);
        assert_int_equal(read_bar(&b, structure(&b, 3, NULL), 1), 1);
        assert_int_equal(b.level, 0);
        assert_int_equal(read_bar(&b, structure(&b, 3, NULL), 1), 0);
        assert_int_equal(b.messages, 0);
        bench_fini(&b);
    }
}

static void by_messages(void **state)
{
    struct bench b;
    unsigned cap;
    u32 table;

    (void)state;
    bench_init(&b, false);
    map(&b);
    cap = msix(&b);
    assert_int_equal(get(&b, cap + 2, 2), 1); /* two messages */
    table = get(&b, cap + 4, 4);
    assert_int_equal(read_bar(&b, table + 12, 4), 1); /* masked at first */
    start(&b);
    set(&b, cap + 2, 2, 0x8000);
    write_bar(&b, table + 16, 4, 0xfee01000), write_bar(&b, table + 20, 4, 0);
    write_bar(&b, table + 24, 4, 0x4031), write_bar(&b, table + 28, 4, 0);
    write_bar(&b, 26, 2, 7); /* there is no such vector */
    assert_int_equal(read_bar(&b, 26, 2), 0xffff);
    ask(&b);
    assert_int_equal(b.messages, 0);
    write_bar(&b, 26, 2, 1);
    ask(&b);
    assert_int_equal(b.messages, 1);
    assert_int_equal(b.address, 0xfee01000);
    assert_int_equal(b.data, 0x4031);
    assert_int_equal(b.source, SLOT << 3);
    assert_int_equal(b.level, 0);
    write_bar(&b, table + 28, 4, 1); /* held back, one by one or all */
    ask(&b);
    assert_int_equal(b.messages, 1);
    assert_int_equal(read_bar(&b, get(&b, cap + 8, 4), 8), 2);
    write_bar(&b, table + 28, 4, 0);
    assert_int_equal(b.messages, 2);
    set(&b, cap + 2, 2, 0xc000);
    ask(&b);
    ask(&b);
    assert_int_equal(b.messages, 2);
    set(&b, cap + 2, 2, 0x8000);
    assert_int_equal(b.messages, 3);
    assert_int_equal(read_bar(&b, get(&b, cap + 8, 4), 8), 0);
    bench_fini(&b);
}

/* 4.1.4.9: all of it without any memory. */
static void through_the_window(void **state)
{
    struct bench b;
    unsigned cap;
    u32 c;

    (void)state;
    bench_init(&b, false);
    c = structure(&b, 1, NULL);
    structure(&b, 5, &cap);
    set(&b, cap + 4, 1, 0), set(&b, cap + 8, 4, c + 18), set(&b, cap + 12, 4, 2);
    assert_int_equal(get(&b, cap + 16, 2), 1); /* num_queues */
    set(&b, cap + 8, 4, c + 20), set(&b, cap + 12, 4, 1);
    set(&b, cap + 16, 1, 3);
    assert_int_equal(b.rng.virtio.status, 3);
    assert_int_equal(get(&b, cap + 16, 1), 3);
    set(&b, cap + 8, 4, 0xfffffff0), set(&b, cap + 12, 4, 4); /* outside */
    get(&b, cap + 16, 4), set(&b, cap + 16, 4, 5);
    set(&b, cap + 12, 4, 3);
    get(&b, cap + 16, 4);
    bench_fini(&b);
}

static void saved_and_loaded(void **state)
{
    struct bench a, b;
    u8 one[4096], two[4096];
    struct err e;
    size_t n;

    (void)state;
    bench_init(&a, false);
    bench_init(&b, false);
    map(&a);
    n = field_save(pci_device_fields(), &a.pci.pci, NULL);
    assert_true(n <= sizeof one);
    field_save(pci_device_fields(), &a.pci.pci, one);
    assert_int_equal(field_load(pci_device_fields(), &b.pci.pci, one, n, &e), 0);
    assert_int_equal(b.pci.pci.component.loaded(&b.pci.pci, &e), 0);
    assert_int_equal(b.where, bar_at);
    field_save(pci_device_fields(), &b.pci.pci, two);
    assert_memory_equal(one, two, n);
    b.pci.pci.config[0]++; /* nobody can have written that */
    assert_int_equal(b.pci.pci.component.loaded(&b.pci.pci, &e), -ERR_FORMAT);
    bench_fini(&a);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_on_the_bus), cmocka_unit_test(by_wire),
        cmocka_unit_test(by_messages),      cmocka_unit_test(through_the_window),
        cmocka_unit_test(saved_and_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
