/* Calls each of the random subroutines of random_code.py with known random registers and memory,
 * and prints what it leaves. */
#include <stdio.h>
#include <string.h>

extern unsigned cases;
extern unsigned case_table[];
extern void call(void);

#define REGISTERS ((unsigned char *)0x5410) /* A X Y P */
#define TARGET    (*(unsigned *)0x5414)
#define STACK     ((unsigned char *)0x5416) /* before, after */
#define ZERO_PAGE ((unsigned char *)0x80)
#define WORK      ((unsigned char *)0x5000)

static unsigned long seed = 1;

static unsigned char any(void)
{
    seed = seed * 1664525UL + 1013904223UL;
    return (unsigned char)(seed >> 24);
}

static unsigned long checksum(const unsigned char *at, unsigned bytes)
{
    unsigned long sum = 1;

    for (; bytes; --bytes)
        sum = sum * 31 + *at++;
    return sum;
}

int main(void)
{
    unsigned i, k;

    for (i = 0; i < cases; ++i) {
        for (k = 0; k < 0x80; ++k)
            ZERO_PAGE[k] = any();
        for (k = 0; k < 16; k += 2) /* pointers, for ($80,X) and ($80),Y */
            ZERO_PAGE[k + 1] = 0x50 + any() % 3;
        for (k = 0; k < 0x400; ++k)
            WORK[k] = any();
        for (k = 0; k < 3; ++k)
            REGISTERS[k] = any();
        REGISTERS[3] = any() & 0xc3 | 0x34;
        TARGET = case_table[i];
        call();
        printf("%3u A %02x X %02x Y %02x P %02x S %d zero page %08lx memory %08lx\n", i,
               REGISTERS[0], REGISTERS[1], REGISTERS[2], REGISTERS[3] & 0xcf, STACK[1] - STACK[0],
               checksum(ZERO_PAGE, 0x80), checksum(WORK, 0x400));
    }
    return 0;
}
