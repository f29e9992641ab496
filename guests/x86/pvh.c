/* For the board `microvm`: a kernel that does next to nothing, to see how one is entered by PVH,
 * what a kernel's mistakes look like from outside, and to try the debugger on. It counts on the
 * serial line and ends; with a word on its command line it makes the mistake of that name.
 *
 *     mews run pvh.elf                       mews run --append triple pvh.elf */
#include "pvh.h"

enum { COMMAND_LINE = 24 /* in PVH's start_info */ };

volatile unsigned counter;

static int same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* ---- mistakes ---- */

static void triple_fault(void)
{
    const struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) none = { 0, 0 };

    __asm__ volatile("lidt %0; ud2" : : "m"(none));
}

static void go_nowhere(void)
{
    __asm__ volatile("jmp *%0" : : "r"(0xd0000000));
}

/* KVM plays instructions that reach a device; it knows none of the floating-point unit's. */
static void float_from_device(void)
{
    __asm__ volatile("fldl (%0)" : : "r"(0xd0000000));
}

static const struct {
    const char *word;
    void (*make)(void);
} mistakes[] = {
    { "triple", triple_fault },
    { "nowhere", go_nowhere },
    { "float", float_from_device },
};

/* ---- what it does without one ---- */

void __attribute__((noinline)) count(unsigned n)
{
    counter += n;
    say("count\n");
}

void __attribute__((noinline)) work(void)
{
    for (unsigned i = 1; i <= 3; i++)
        count(i);
}

void kernel(const uint8_t *start_info)
{
    const char *line = (const char *)(uintptr_t) * (const uint64_t *)(start_info + COMMAND_LINE);

    for (unsigned i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
        if (same(line, mistakes[i].word)) {
            say("a mistake\n");
            mistakes[i].make();
        }
    work();
    say(counter == 6 ? "done\n" : "miscounted\n");
    quit(counter == 6 ? 0 : 1);
}
