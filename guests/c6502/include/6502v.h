/* What a C program on the 6502v has beyond cc65's own headers (open, close, read and write are in
 * <fcntl.h> and <unistd.h>). */
#ifndef _6502V_H
#define _6502V_H

/* mews reports that the program was here, and the program goes on. */
#define vm_break() __asm__("jsr _break")

/* Prints the registers and the memory $0000-$2FFF, and ends the program with status 0. */
void dump(void);

#endif
