/* Input written down beforehand: `--press FRAME:BUTTONS[:COUNT]`.
 *
 * FRAME is the number of pictures completed since power-on when the buttons go down, COUNT for how
 * many frames they stay so (1 when not given). BUTTONS are names with + between them: A B Select
 * Start Up Down Left Right, of the first controller, or with `2.` in front of the second:
 * `120:Start:6`, `300:A+Right:30`, `10:A+2.B`. Case does not matter. Entries that overlap add up.
 */
#ifndef HOST_AV_PRESS_H
#define HOST_AV_PRESS_H

#include "base/err.h"
#include "mach/port.h"

enum { PRESS_PADS = 2, PAD_BUTTONS = 8 };

struct press_entry {
    u64 from, to; /* frames from <= n < to */
    u32 buttons[PRESS_PADS];
};

struct press {
    struct input_port port;
    struct input_port *next; /* borrowed; may be NULL; its buttons are added */
    const u64 *frames;       /* borrowed: how many pictures are completed (machine.frames) */
    struct press_entry *entries;
    size_t count;
};

/* The name of bit `i` of a controller, i < PAD_BUTTONS. */
const char *pad_button_name(unsigned i);
/* The bit of a name `len` long, or -1. */
int pad_button_find(const char *name, size_t len);

void press_init(struct press *p, const u64 *frames);
void press_fini(struct press *p);
int press_add(struct press *p, const char *text, struct err *e);

#endif
