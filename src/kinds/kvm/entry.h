/* How a program is entered: the state in which the processor begins it, and the tables in memory
 * that this state needs.
 *
 *   real       16 bits, cs:ip = 0:entry (or entry / 16 : entry % 16), all segments 0, sp 0x7c00
 *   protected  32 bits, flat segments of 4 GiB, no paging, esp 0x90000
 *   long       64 bits, the first 4 GiB mapped one to one by 2 MiB pages, rsp 0x90000
 *
 * Interrupts are off. A flat GDT (8: code, 0x10: data) is at 0x500, long mode's page tables are
 * from 0x1000 to 0x6fff; the guest may replace them by its own. */
#ifndef KVM_ENTRY_H
#define KVM_ENTRY_H

#include "kinds/kvm/program.h"
#include "kinds/kvm/vcpu_state.h"

enum { ENTRY_FLOOR = 0x7000, ENTRY_MEMORY = 0x90000 };

/* Of a processor as it comes out of reset, and zero memory of ENTRY_MEMORY bytes at least. Real
 * mode reaches the first MiB only: ERR_LIMIT. */
int entry_prepare(const struct program *p, struct vcpu_state *s, u8 *memory, struct err *e);

/* Flat segments of 4 GiB and no paging, or (wide) long mode with the first 4 GiB mapped one to one:
 * the registers that say so, and the tables in memory. `code` < `data` are selectors of a GDT at
 * `gdt`; the page tables are six pages from `pages` on. */
struct entry_tables {
    u16 code, data;
    u64 gdt, pages;
};
void entry_flat(const struct entry_tables *t, bool wide, struct vcpu_state *s, u8 *memory);

#endif
