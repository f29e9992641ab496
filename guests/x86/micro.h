/* The board `micro` as a C program sees it (docs/rooms/kvm.md). */
#ifndef MICRO_H
#define MICRO_H

#include <stdint.h>

enum {
    PIC = 0x20, /* command; the data port is behind it */
    CONSOLE = 0x42,
    KEY = 0x44,
    KEY_STATUS = 0x45, /* bit 0: a key waits; write 0 when it is taken */
    PERIOD = 0x46,     /* of the timer, in milliseconds */
    TIMER = 0x47,      /* bit 0: on; bit 1: an event has come, write 0 when it is seen */
    EXIT = 0xf4,
};
enum { TIMER_ON = 1, TIMER_EVENT = 2 };
enum { KEY_END = 4 }; /* Ctrl-D, and the end of input */

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void print(const char *text)
{
    while (*text)
        out8(CONSOLE, (uint8_t)*text++);
}

static inline void print_number(uint64_t n, unsigned base)
{
    char digits[24];
    unsigned at = sizeof digits - 1;

    digits[at] = 0;
    do {
        /* 32 bits at a time: a 64-bit division by a variable is a library's in 32-bit code. */
        uint32_t high = (uint32_t)(n >> 32), rest = high % base;
        uint32_t low = (uint32_t)n, quotient;

        __asm__("divl %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(rest), "rm"((uint32_t)base));
        n = (uint64_t)(high / base) << 32 | quotient;
        digits[--at] = "0123456789abcdef"[rest];
    } while (n);
    print(digits + at);
}

/* The program's end, with a status. */
static inline void __attribute__((noreturn)) quit(uint8_t status)
{
    out8(EXIT, status);
    for (;;)
        __asm__ volatile("cli; hlt");
}

#endif
