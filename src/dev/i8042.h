/* The PC's keyboard controller with nothing plugged in: a guest that asks it for a reset gets one,
 * and one that looks for keyboard and mouse finds a controller that works and silence behind it.
 * A model: it knows neither its bus nor what a reset is. */
#ifndef DEV_I8042_H
#define DEV_I8042_H

#include "mach/field.h"

enum { I8042_DATA = 0, I8042_COMMAND = 4 }; /* offsets; ports 0x60 and 0x64 on a PC */

/* clang-format off */
#define I8042(F, A, E, G, H)                                            \
    F(STATE, u8, config, "configuration byte")                          \
    F(STATE, u8, output, "what the guest reads next")                   \
    F(STATE, bool, full, "which it has not read yet")                   \
    F(STATE, u8, expects, "the command whose data comes next; 0: none")
/* clang-format on */
struct i8042 {
    FIELD_MEMBERS(I8042)
    void (*reset)(void *owner);
    void *owner;
};

const struct fields *i8042_fields(void);

void i8042_init(struct i8042 *k, void (*reset)(void *owner), void *owner);
u8 i8042_read(struct i8042 *k, unsigned offset);
void i8042_write(struct i8042 *k, unsigned offset, u8 value);

#endif
