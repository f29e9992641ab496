/* For the board `microvm`: a kernel that is nothing but drivers. Again and again it reads, writes,
 * clears and flushes each disk, sends a frame by each network card and takes what has come, talks
 * to virtio's console, has random bytes, and says on the serial line that it has.
 *
 *     mews run --disk disk.img,overlay=tmp --net none devices.elf
 *     ... --set transport=mmio
 *
 * A disk is taken to have 128 KiB at least; what was on it is lost. It ends when a disk says that
 * something has failed, with status 1; at the letter q, with status 0. */
#include "pvh.h"

enum {
    LINE_STATUS = SERIAL + 5,
    PCI_ADDRESS = 0xcf8,
    PCI_DATA = 0xcfc,
    SLOTS = 24,
    QUEUE = 8,
    BUFFER = 2048,
    DISK_BLOCKS = 16, /* of 4 KiB, of which one more is written each time */
    BLOCK_SECTORS = 8,
};
#define MMIO_FIRST 0xfeb00000u
#define BAR_FIRST  0xd0000000u
#define APIC       0xfee00000u
enum { MAGIC = 0x74726976 };
enum { ID_NET = 1, ID_BLOCK = 2, ID_CONSOLE = 3, ID_RNG = 4 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { READ = 0, WRITE = 1, FLUSH = 4, DISCARD = 11, CLEAR = 13 };
enum { CAN_FLUSH = 1 << 9, CAN_DISCARD = 1 << 13, CAN_CLEAR = 1 << 14 };

/* ---- registers ---- */

static volatile uint32_t *at32(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static volatile uint16_t *at16(uint32_t address)
{
    return (volatile uint16_t *)(uintptr_t)address;
}

static volatile uint8_t *at8(uint32_t address)
{
    return (volatile uint8_t *)(uintptr_t)address;
}

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static uint32_t pci_read(unsigned slot, unsigned at)
{
    out32(PCI_ADDRESS, 0x80000000u | slot << 11 | at);
    return in32(PCI_DATA);
}

static void pci_write(unsigned slot, unsigned at, uint32_t value)
{
    out32(PCI_ADDRESS, 0x80000000u | slot << 11 | at);
    out32(PCI_DATA, value);
}

/* ---- a device ---- */

struct ring {
    struct {
        uint32_t address, zero, len;
        uint16_t flags, next;
    } desc[QUEUE];
    struct {
        uint16_t flags, index, entry[QUEUE], event;
    } avail;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, len;
        } entry[QUEUE];
        uint16_t event;
    } used __attribute__((aligned(4)));
    uint16_t seen;
} __attribute__((aligned(16)));

struct device {
    unsigned id;
    uint32_t features;             /* the lower half of those that were accepted */
    uint32_t base;                 /* the registers in memory */
    uint32_t common, notify, each; /* by PCI; common 0: not by PCI */
    struct ring ring[2];
};
static struct device devices[SLOTS];
static unsigned device_count;
static uint8_t bytes[5][BUFFER] __attribute__((aligned(16)));

static void set_status(struct device *d, uint8_t status)
{
    if (d->common)
        *at8(d->common + 20) = status;
    else
        *at32(d->base + 0x70) = status;
}

static uint32_t word(struct device *d, unsigned half, unsigned pci, unsigned mmio)
{
    *at32(d->common ? d->common + pci - 4 : d->base + mmio + 4) = half;
    return *at32(d->common ? d->common + pci : d->base + mmio);
}

static void accept(struct device *d, unsigned half, uint32_t features)
{
    *at32(d->common ? d->common + 8 : d->base + 0x24) = half;
    *at32(d->common ? d->common + 12 : d->base + 0x20) = features;
}

static void ring_up(struct device *d, unsigned number)
{
    struct ring *r = &d->ring[number];
    const uint32_t places[3] = { (uint32_t)(uintptr_t)r->desc, (uint32_t)(uintptr_t)&r->avail,
                                 (uint32_t)(uintptr_t)&r->used };

    if (d->common) {
        *at16(d->common + 22) = (uint16_t)number;
        *at16(d->common + 24) = QUEUE;
        *at16(d->common + 26) = 0; /* the vector */
    } else {
        *at32(d->base + 0x30) = number;
        *at32(d->base + 0x38) = QUEUE;
    }
    for (unsigned i = 0; i < 3; i++) {
        *at32(d->common ? d->common + 32 + 8 * i : d->base + 0x80 + 16 * i) = places[i];
        *at32(d->common ? d->common + 36 + 8 * i : d->base + 0x84 + 16 * i) = 0;
    }
    if (d->common)
        *at16(d->common + 28) = 1;
    else
        *at32(d->base + 0x44) = 1;
}

static void start(struct device *d)
{
    set_status(d, 0);
    set_status(d, ACKNOWLEDGE | DRIVER);
    d->features = word(d, 0, 4, 0x10);
    d->features &= d->id == ID_BLOCK ? CAN_FLUSH | CAN_DISCARD | CAN_CLEAR : 0;
    accept(d, 0, d->features);
    accept(d, 1, 1); /* VIRTIO_F_VERSION_1 */
    set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    ring_up(d, 0);
    if (d->id == ID_NET || d->id == ID_CONSOLE)
        ring_up(d, 1);
    set_status(d, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

/* ---- requests ---- */

struct piece {
    void *at;
    uint32_t len;
    int written; /* by the device */
};

static void put(struct device *d, unsigned number, const struct piece *p, unsigned count)
{
    struct ring *r = &d->ring[number];

    for (unsigned i = 0; i < count; i++) {
        r->desc[i].address = (uint32_t)(uintptr_t)p[i].at;
        r->desc[i].len = p[i].len;
        r->desc[i].flags = (uint16_t)((i + 1 < count) | p[i].written << 1);
        r->desc[i].next = (uint16_t)(i + 1);
    }
    r->avail.entry[r->avail.index % QUEUE] = 0;
    __asm__ volatile("" : : : "memory");
    r->avail.index++;
    __asm__ volatile("lock orl $0, (%%esp)" : : : "memory");
    if (d->common)
        *at16(d->notify + number * d->each) = (uint16_t)number;
    else
        *at32(d->base + 0x50) = number;
}

static int taken(struct device *d, unsigned number)
{
    struct ring *r = &d->ring[number];

    if (*(volatile uint16_t *)&r->used.index == r->seen)
        return 0;
    r->seen++;
    return 1;
}

static void put_and_wait(struct device *d, unsigned number, const struct piece *p, unsigned count)
{
    put(d, number, p, count);
    while (!taken(d, number))
        ;
}

static void disk(struct device *d, uint32_t type, uint32_t sector, void *at, uint32_t len)
{
    static struct {
        uint32_t type, zero, sector, high;
    } head;
    static volatile uint8_t status;
    const struct piece p[] = { { &head, 16, 0 },
                               { at, len, type == READ },
                               { (void *)&status, 1, 1 } };
    const struct piece none[] = { p[0], p[2] };

    head.type = type;
    head.sector = sector;
    status = 0xff;
    put_and_wait(d, 0, len ? p : none, len ? 3 : 2);
    if (status) {
        say("a request failed\n");
        quit(1);
    }
}

static void clear(struct device *d, uint32_t type, uint32_t sector, uint32_t flags)
{
    static uint32_t range[4];

    range[0] = sector;
    range[2] = 8;
    range[3] = flags;
    disk(d, type, 0, range, sizeof range);
}

static void use_disk(struct device *d, unsigned round)
{
    disk(d, READ, 32, bytes[1], BUFFER);
    disk(d, READ, 0, bytes[1], BUFFER);
    if (d->features & CAN_DISCARD)
        clear(d, DISCARD, 8, 0);
    if (d->features & CAN_CLEAR) {
        clear(d, CLEAR, 16, 0);
        clear(d, CLEAR, 24, 1);
    }
    if (d->features & CAN_FLUSH)
        disk(d, FLUSH, 0, 0, 0);
    disk(d, WRITE, (DISK_BLOCKS + round % DISK_BLOCKS) * BLOCK_SECTORS + 1, bytes[0], BUFFER);
}

static void use_net(struct device *d)
{
    const struct piece in = { bytes[2], BUFFER, 1 };
    static uint8_t frame[12 + 60];

    if (!d->ring[0].avail.index || taken(d, 0))
        put(d, 0, &in, 1);
    for (unsigned i = 0; i < 6; i++)
        frame[12 + i] = 0xff;
    put_and_wait(d, 1, &(struct piece) { frame, sizeof frame, 0 }, 1);
}

static void use_console(struct device *d)
{
    if (!d->ring[0].avail.index || taken(d, 0))
        put(d, 0, &(struct piece) { bytes[4], BUFFER, 1 }, 1);
    put_and_wait(d, 1, &(struct piece) { "console\n", 8, 0 }, 1);
}

static void use(struct device *d, unsigned round)
{
    if (d->id == ID_BLOCK)
        use_disk(d, round);
    else if (d->id == ID_NET)
        use_net(d);
    else if (d->id == ID_CONSOLE)
        use_console(d);
    else if (d->id == ID_RNG)
        put_and_wait(d, 0, &(struct piece) { bytes[3], 16, 1 }, 1);
}

/* ---- what is there ---- */

/* The places of its structures, and an interrupt by message. */
static void look_pci(struct device *d, unsigned slot, uint32_t bar)
{
    for (unsigned at = pci_read(slot, 0x34) & 0xff; at; at = pci_read(slot, at) >> 8 & 0xff) {
        uint32_t head = pci_read(slot, at), offset = pci_read(slot, at + 8);

        if ((head & 0xff) == 0x11) {
            uint32_t table = bar + (pci_read(slot, at + 4) & ~7u);

            *at32(table) = APIC;
            *at32(table + 4) = 0;
            *at32(table + 8) = 0x40;
            *at32(table + 12) = 0;
            pci_write(slot, at, head | 0x80000000u);
        } else if ((head & 0xff) == 9 && head >> 24 == 1) {
            d->common = bar + offset;
        } else if ((head & 0xff) == 9 && head >> 24 == 2) {
            d->notify = bar + offset;
            d->each = pci_read(slot, at + 16);
        }
    }
}

static int find(struct device *d, unsigned slot)
{
    uint32_t bar = BAR_FIRST + slot * 0x10000;

    d->base = MMIO_FIRST + slot * 0x1000;
    if (slot && pci_read(slot, 0) != 0xffffffff) {
        unsigned at = 0x10;

        /* Which of its windows it has: the lowest bits of an address cannot be set. */
        for (pci_write(slot, at, ~0u); at < 0x24 && !pci_read(slot, at); pci_write(slot, at, ~0u))
            at += 4;
        pci_write(slot, at, bar);
        pci_write(slot, 4, 6); /* memory, and may speak itself */
        pci_write(slot, at, bar + 0x8000);
        pci_write(slot, at, bar);
        d->id = (pci_read(slot, 0) >> 16) - 0x1040;
        look_pci(d, slot, bar);
        return d->common != 0;
    }
    if (!slot || *at32(d->base) != MAGIC)
        return 0;
    d->id = *at32(d->base + 8);
    return d->id != 0;
}

static int told_to_end(void)
{
    while (in8(LINE_STATUS) & 1)
        if (in8(SERIAL) == 'q')
            return 1;
    return 0;
}

void kernel(void)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (find(&devices[device_count], slot)) {
            start(&devices[device_count]);
            device_count++;
        }
    say(device_count ? "devices\n" : "no devices\n");
    for (unsigned round = 0; !told_to_end(); round++) {
        for (unsigned i = 0; i < device_count; i++)
            use(&devices[i], round);
        say("round\n");
    }
    say("done\n");
    quit(0);
}
