#include "kinds/kvm/entry.h"

#include "base/le.h"

#include <stdlib.h>

enum { STACK_REAL = 0x7c00, STACK = 0x90000 };
enum { CR0_PE = 1, CR0_MP = 2, CR0_ET = 0x10, CR0_NE = 0x20, CR4_PAE = 0x20, CR4_SSE = 0x600 };
enum { EFER_LME = 0x100, EFER_LMA = 0x400 };
#define CR0_PG 0x80000000u
enum { PAGE_PRESENT = 1, PAGE_WRITE = 2, PAGE_LARGE = 0x80, PAGE_BYTES = 0x1000 };

static void set_data(struct vcpu_state *s, const struct x86_segment *segment)
{
    s->ds = s->es = s->fs = s->gs = s->ss = *segment;
}

/* One table for the first 512 GiB, one of a GiB an entry, four of 2 MiB an entry. */
static void write_page_tables(u8 *memory, u64 top)
{
    u64 giants = top + PAGE_BYTES, larges = giants + PAGE_BYTES;

    le_put(memory + top, giants | PAGE_PRESENT | PAGE_WRITE, 8);
    for (u64 i = 0; i < 4; i++)
        le_put(memory + giants + 8 * i, (larges + PAGE_BYTES * i) | PAGE_PRESENT | PAGE_WRITE, 8);
    for (u64 i = 0; i < 4 * 512; i++)
        le_put(memory + larges + 8 * i, i << 21 | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE, 8);
}

void entry_flat(const struct entry_tables *t, bool wide, struct vcpu_state *s, u8 *memory)
{
    struct x86_segment segment = { .selector = t->data,
                                   .limit = 0xffffffff,
                                   .type = 3,
                                   .present = true,
                                   .s = true,
                                   .g = true,
                                   .db = true };

    set_data(s, &segment);
    segment.selector = t->code;
    segment.type = 11;
    segment.db = !wide;
    segment.l = wide;
    s->cs = segment;
    /* The same two as a guest finds them when it loads them again. */
    le_put(memory + t->gdt + t->code, wide ? 0x00af9b000000ffff : 0x00cf9b000000ffff, 8);
    le_put(memory + t->gdt + t->data, 0x00cf93000000ffff, 8);
    s->gdt = (struct x86_table) { t->gdt, t->data + 8 - 1 };
    s->cr0 = CR0_PE | CR0_ET | CR0_NE;
    s->cr4 = 0;
    if (!wide)
        return;
    write_page_tables(memory, t->pages);
    s->cr3 = t->pages;
    s->cr4 = CR4_PAE;
    s->cr0 |= CR0_PG;
    s->efer = EFER_LME | EFER_LMA;
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

/* Ready for SSE, as compilers use it. */
static void enter_flat(bool wide, struct vcpu_state *s, u8 *memory)
{
    static const struct entry_tables tables = {
        .code = 8, .data = 0x10, .gdt = 0x500, .pages = 0x1000
    };

    entry_flat(&tables, wide, s, memory);
    s->cr0 |= CR0_MP;
    s->cr4 |= CR4_SSE;
    s->rsp = STACK;
}

int entry_prepare(const struct program *p, struct vcpu_state *s, u8 *memory, struct err *e)
{
    s->rip = p->entry;
    s->rflags = 2;
    s->rax = s->rbx = s->rcx = s->rdx = s->rsi = s->rdi = s->rbp = 0;
    switch (p->mode) {
    case MODE_PROTECTED: enter_flat(false, s, memory); break;
    case MODE_LONG: enter_flat(true, s, memory); break;
    default:
        if (enter_real(p, s, e))
            return -(int)e->code;
        break;
    }
    s->pc = s->cs.l ? s->rip : s->cs.base + s->rip;
    return 0;
}
