/* The course's keyboard: one key at a time, which waits until the guest says that it has taken it.
 *
 *   empty --a byte of input, when anyone looks--> waiting (line high) --0 to the status--> empty
 *
 * The end of input is one last key, 4 (what Ctrl-D sends): guests that read to the end see it. A
 * model: it knows neither its bus nor where keys come from. */
#ifndef KVM_KEYBOARD_H
#define KVM_KEYBOARD_H

#include "mach/field.h"
#include "mach/line.h"
#include "mach/port.h"

enum { KEY_END = 4 };

/* clang-format off */
#define KEYBOARD(F, A, E, G, H)                                 \
    F(STATE, u8, key, "the last key")                           \
    F(STATE, bool, waiting, "the guest has not taken it")       \
    F(STATE, bool, ended, "input has ended, and was told")
/* clang-format on */
struct keyboard {
    FIELD_MEMBERS(KEYBOARD)
    struct char_port *in; /* borrowed; NULL: nobody types, ever */
    struct line irq;
};

const struct fields *keyboard_fields(void);

/* Takes a key if one was typed and there is room for it; with `wait` this may block until there is
 * one, or until the port is woken. */
void keyboard_look(struct keyboard *k, bool wait);

u8 keyboard_key(struct keyboard *k);
u8 keyboard_status(struct keyboard *k); /* bit 0: a key waits */
void keyboard_write_status(struct keyboard *k, u8 value);

/* Whether a key may still come. */
static inline bool keyboard_lives(const struct keyboard *k)
{
    return k->in && !k->ended;
}

#endif
