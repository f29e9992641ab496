/* A 64-bit program that takes interrupts, with page tables and an interrupt table of its own.
 *
 * It maps the first 8 MiB of memory twice: where they are, and 1 GiB higher. It sets up the
 * interrupt controller so that the timer comes as vector 32 and the keyboard as 33, and then sleeps
 * (HLT): all work is done in handlers. Each tenth of a second it says how many ticks there were,
 * and each line that is typed it says backwards. The key `!` reads from where nothing is mapped:
 * the page fault's handler says where that was and skips the instruction. Ctrl-D ends it; then it
 * tells what it has counted. */
#include "micro.h"

enum { TICK_MS = 100, ROOM = 80, VECTORS = 34, VECTOR_FAULT = 14, VECTOR_TIMER = 32, VECTOR_KEY };

/* What the processor pushes before it goes to a handler. */
struct frame {
    uint64_t rip, cs, rflags, rsp, ss;
};

/* ---- page tables: of four levels, three are ours, the last are pages of 2 MiB ---- */

typedef uint64_t table[512] __attribute__((aligned(4096)));
static table pml4, pdpt, pd;

enum { PRESENT = 1, WRITABLE = 2, LARGE = 0x80, LARGE_BYTES = 2 << 20, HIGH = 1 << 30 };

static uint64_t address(const void *p)
{
    return (uint64_t)p;
}

static void set_up_paging(void)
{
    for (unsigned i = 0; i < 4; i++) /* 8 MiB */
        pd[i] = i * (uint64_t)LARGE_BYTES | PRESENT | WRITABLE | LARGE;
    pdpt[0] = address(pd) | PRESENT | WRITABLE;
    pdpt[1] = address(pd) | PRESENT | WRITABLE; /* the same again, at 1 GiB */
    pml4[0] = address(pdpt) | PRESENT | WRITABLE;
    __asm__ volatile("mov %0, %%cr3" : : "r"(address(pml4)) : "memory");
}

/* ---- handlers ---- */

static volatile unsigned ticks, keys, faults;
static volatile char typed[ROOM];
static volatile unsigned count;
static volatile uint8_t ended;

static void end_of_interrupt(void)
{
    out8(PIC, 0x20);
}

__attribute__((interrupt)) static void on_timer(struct frame *f)
{
    (void)f;
    ticks++;
    out8(TIMER, TIMER_ON); /* the event is seen: the wire goes down, and can rise again */
    print("tick ");
    print_number(ticks, 10);
    print("\n");
    end_of_interrupt();
}

/* Backwards, and through the second mapping of the same memory. */
static void say_line(void)
{
    const char *high = (const char *)(address((const void *)typed) + HIGH);

    while (count)
        out8(CONSOLE, (uint8_t)high[--count]);
    print("\n");
}

static void read_nothing(void)
{
    /* `mov (%rcx), %al` is two bytes long, as the handler knows. */
    __asm__ volatile(".byte 0x8a, 0x01" : : "c"(0x40000000ull * 3) : "rax", "memory");
}

__attribute__((interrupt)) static void on_key(struct frame *f)
{
    char key = (char)in8(KEY);

    (void)f;
    out8(KEY_STATUS, 0);
    keys++;
    if (key == KEY_END)
        ended = 1;
    else if (key == '!')
        read_nothing();
    else if (key == '\n')
        say_line();
    else if (count < ROOM)
        typed[count++] = key;
    end_of_interrupt();
}

__attribute__((interrupt)) static void on_page_fault(struct frame *f, uint64_t error)
{
    uint64_t where;

    (void)error;
    __asm__ volatile("mov %%cr2, %0" : "=r"(where));
    faults++;
    print("nothing is mapped at 0x");
    print_number(where, 16);
    print("\n");
    f->rip += 2;
}

/* ---- the interrupt table ---- */

struct gate {
    uint16_t low, selector;
    uint8_t stack, type;
    uint16_t middle;
    uint32_t high, zero;
};
static struct gate idt[VECTORS];

static void set_gate(unsigned vector, uint64_t handler)
{
    idt[vector] = (struct gate) {
        .low = (uint16_t)handler,
        .selector = 8, /* the code segment with which we were entered */
        .type = 0x8e,  /* present, interrupts off while it runs */
        .middle = (uint16_t)(handler >> 16),
        .high = (uint32_t)(handler >> 32),
    };
}

static void set_up_interrupts(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = { sizeof idt - 1, address(idt) };

    set_gate(VECTOR_FAULT, (uint64_t)on_page_fault);
    set_gate(VECTOR_TIMER, (uint64_t)on_timer);
    set_gate(VECTOR_KEY, (uint64_t)on_key);
    __asm__ volatile("lidt %0" : : "m"(table));
    out8(PIC, 0x13);             /* a single controller; a fourth word follows */
    out8(PIC + 1, VECTOR_TIMER); /* wire 0 is vector 32, wire 1 is 33 */
    out8(PIC + 1, 0x01);         /* for x86 processors; we say when an interrupt has ended */
    out8(PIC + 1, (uint8_t)~3);  /* only those two */
}

void _start(void)
{
    set_up_paging();
    set_up_interrupts();
    out16(PERIOD, TICK_MS);
    out8(TIMER, TIMER_ON);
    /* An interrupt between the look at `ended` and HLT would be slept through; STI lets none come
     * before the instruction behind it is begun. */
    for (;;) {
        __asm__ volatile("cli");
        if (ended)
            break;
        __asm__ volatile("sti; hlt");
    }
    print("ticks ");
    print_number(ticks, 10);
    print(", keys ");
    print_number(keys, 10);
    print(", faults ");
    print_number(faults, 10);
    print("\n");
    quit(0);
}
