#include "kinds/kvm/entry.h"

#include "base/le.h"

#include <stdlib.h>

enum {
    GDT = 0x500,
    PML4 = 0x1000, /* one entry: the first 512 GiB */
    PDPT = 0x2000, /* four: a GiB each */
    PDS = 0x3000,  /* four tables of 512 entries: 2 MiB each */
    STACK_REAL = 0x7c00,
    STACK = 0x90000,
};
enum { CODE = 8, DATA = 0x10 };
enum { CR0_PE = 1, CR0_MP = 2, CR0_ET = 0x10, CR0_NE = 0x20, CR4_PAE = 0x20, CR4_SSE = 0x600 };
enum { EFER_LME = 0x100, EFER_LMA = 0x400 };
#define CR0_PG 0x80000000u
enum { PAGE_PRESENT = 1, PAGE_WRITE = 2, PAGE_LARGE = 0x80 };

static const struct x86_segment code = {
    .selector = CODE, .limit = 0xffffffff, .type = 11, .present = true, .s = true, .g = true
};
static const struct x86_segment data = { .selector = DATA,
                                         .limit = 0xffffffff,
                                         .type = 3,
                                         .present = true,
                                         .s = true,
                                         .g = true,
                                         .db = true };

static void set_data(struct vcpu_state *s, const struct x86_segment *segment)
{
    s->ds = s->es = s->fs = s->gs = s->ss = *segment;
}

/* The same two segments as a guest finds them when it loads them again. */
static void write_gdt(struct vcpu_state *s, u8 *memory, bool wide)
{
    le_put(memory + GDT + CODE, wide ? 0x00af9b000000ffff : 0x00cf9b000000ffff, 8);
    le_put(memory + GDT + DATA, 0x00cf93000000ffff, 8);
    s->gdt = (struct x86_table) { GDT, 3 * 8 - 1 };
}

static void write_page_tables(u8 *memory)
{
    le_put(memory + PML4, PDPT | PAGE_PRESENT | PAGE_WRITE, 8);
    for (u64 i = 0; i < 4; i++)
        le_put(memory + PDPT + 8 * i, (PDS + 0x1000 * i) | PAGE_PRESENT | PAGE_WRITE, 8);
    for (u64 i = 0; i < 4 * 512; i++)
        le_put(memory + PDS + 8 * i, i << 21 | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE, 8);
}

static int enter_real(const struct program *p, struct vcpu_state *s, struct err *e)
{
    struct x86_segment zero = { .limit = 0xffff, .type = 3, .present = true, .s = true };
    u64 segment = p->entry > 0xffff ? p->entry >> 4 : 0;

    if (p->end > 0x100000)
        return err_set(e, ERR_LIMIT,
                       "a program in real mode must lie below 1 MiB, this one ends at %#llx "
                       "(--set mode=protected, or long)",
                       (unsigned long long)p->end);
    set_data(s, &zero);
    s->cs = zero;
    s->cs.type = 11;
    s->cs.selector = (u16)segment;
    s->cs.base = segment << 4;
    s->rip = p->entry - s->cs.base;
    s->rsp = STACK_REAL;
    return 0;
}

static void enter_protected(struct vcpu_state *s, u8 *memory)
{
    write_gdt(s, memory, false);
    set_data(s, &data);
    s->cs = code;
    s->cs.db = true;
    s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE;
    s->cr4 = CR4_SSE;
    s->rsp = STACK;
}

static void enter_long(struct vcpu_state *s, u8 *memory)
{
    enter_protected(s, memory);
    write_gdt(s, memory, true);
    write_page_tables(memory);
    s->cs.db = false;
    s->cs.l = true;
    s->cr3 = PML4;
    s->cr4 |= CR4_PAE;
    s->cr0 |= CR0_PG;
    s->efer |= EFER_LME | EFER_LMA;
}

int entry_prepare(const struct program *p, struct vcpu_state *s, u8 *memory, struct err *e)
{
    s->rip = p->entry;
    s->rflags = 2;
    s->rax = s->rbx = s->rcx = s->rdx = s->rsi = s->rdi = s->rbp = 0;
    switch (p->mode) {
    case MODE_PROTECTED: enter_protected(s, memory); break;
    case MODE_LONG: enter_long(s, memory); break;
    default:
        if (enter_real(p, s, e))
            return -(int)e->code;
        break;
    }
    s->pc = s->cs.l ? s->rip : s->cs.base + s->rip;
    return 0;
}
