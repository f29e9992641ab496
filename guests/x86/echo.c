/* The course's exercise on the board `micro`, in C: says the last line that was typed at each event
 * of the timer, until another line comes; ends at the end of input. There are no interrupts: it
 * asks the devices again and again. The same source makes a 32-bit and a 64-bit program. */
#include "micro.h"

enum { ROOM = 80, EVERY_MS = 100 };

static char line[ROOM + 2];  /* what is said */
static char typed[ROOM + 2]; /* what comes next */
static unsigned count;

static void take_key(void)
{
    char key = (char)in8(KEY);

    out8(KEY_STATUS, 0);
    if (key == KEY_END)
        quit(0);
    if (count < ROOM || key == '\n') /* the rest of a longer line is lost */
        typed[count++] = key;
    if (key != '\n')
        return;
    for (unsigned i = 0; i < count; i++)
        line[i] = typed[i];
    line[count] = 0;
    count = 0;
}

/* The processor begins here, with a stack and flat memory; nobody has called us. */
void _start(void)
{
    out16(PERIOD, EVERY_MS);
    out8(TIMER, TIMER_ON);
    for (;;) {
        if (in8(KEY_STATUS) & 1)
            take_key();
        if (in8(TIMER) & TIMER_EVENT) {
            out8(TIMER, TIMER_ON); /* still on; the event is seen */
            print(line);
        }
    }
}
