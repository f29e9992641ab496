/* The door of a kernel for the board `microvm`: PVH (xen/include/public/elfnote.h,
 * XEN_ELFNOTE_PHYS32_ENTRY). 32-bit, flat, no paging; EBX at the start_info, which kernel() is
 * given. It may return, and then the processor halts. For one file of a program. */
#ifndef PVH_H
#define PVH_H

#include "micro.h"

enum { SERIAL = 0x3f8 };

__asm__(".pushsection .note.Xen, \"a\", @note\n"
        ".long 4, 4, 18\n"
        ".asciz \"Xen\"\n"
        ".long enter\n"
        ".popsection\n"
        ".globl enter\n"
        "enter:\n"
        "    mov $stack_end, %esp\n"
        "    xor %ebp, %ebp\n"
        "    push %ebx\n"
        "    call kernel\n"
        "    hlt\n");

char stack[8192] __attribute__((aligned(16)));
__asm__(".globl stack_end\n.set stack_end, stack + 8192");

static void say(const char *text)
{
    while (*text)
        out8(SERIAL, (uint8_t)*text++);
}

#endif
