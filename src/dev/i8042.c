#include "dev/i8042.h"

enum { STATUS_FULL = 1, STATUS_SYSTEM = 4 };
enum { CONFIG_SYSTEM = 4, CONFIG_PORT1_OFF = 0x10, CONFIG_PORT2_OFF = 0x20 };
enum {
    READ_CONFIG = 0x20,
    WRITE_CONFIG = 0x60,
    PORT2_OFF = 0xa7,
    PORT2_ON = 0xa8,
    TEST_PORT2 = 0xa9,
    TEST = 0xaa,
    TEST_PORT1 = 0xab,
    PORT1_OFF = 0xad,
    PORT1_ON = 0xae,
    READ_OUTPUT = 0xd0,
    WRITE_OUTPUT = 0xd1,
    WRITE_PORT2 = 0xd4,
    PULSE = 0xf0, /* to 0xff: lines that are 0 are pulled low, line 0 is reset */
    LINE_RESET = 1,
};
enum { TEST_PASSED = 0x55, PORT_PASSED = 0, A20_ON = 2 };

FIELD_TABLE(i8042, 1, I8042)

void i8042_init(struct i8042 *k, void (*reset)(void *owner), void *owner)
{
    *k = (struct i8042) { .config = CONFIG_SYSTEM | CONFIG_PORT1_OFF | CONFIG_PORT2_OFF,
                          .reset = reset,
                          .owner = owner };
}

static void answer(struct i8042 *k, u8 value)
{
    k->output = value;
    k->full = true;
}

u8 i8042_read(struct i8042 *k, unsigned offset)
{
    if (offset == I8042_COMMAND)
        return STATUS_SYSTEM | (k->full ? STATUS_FULL : 0);
    k->full = false;
    return k->output;
}

static void command(struct i8042 *k, u8 c)
{
    k->expects = 0;
    switch (c) {
    case READ_CONFIG: answer(k, k->config); break;
    case READ_OUTPUT: answer(k, LINE_RESET | A20_ON); break;
    case WRITE_CONFIG:
    case WRITE_OUTPUT:
    case WRITE_PORT2: k->expects = c; break;
    case PORT1_OFF: k->config |= CONFIG_PORT1_OFF; break;
    case PORT1_ON: k->config &= (u8)~CONFIG_PORT1_OFF; break;
    case PORT2_OFF: k->config |= CONFIG_PORT2_OFF; break;
    case PORT2_ON: k->config &= (u8)~CONFIG_PORT2_OFF; break;
    case TEST: answer(k, TEST_PASSED); break;
    case TEST_PORT1:
    case TEST_PORT2: answer(k, PORT_PASSED); break;
    default:
        if (c >= PULSE && !(c & LINE_RESET) && k->reset)
            k->reset(k->owner);
    }
}

void i8042_write(struct i8042 *k, unsigned offset, u8 value)
{
    u8 expects = k->expects;

    if (offset == I8042_COMMAND) {
        command(k, value);
        return;
    }
    k->expects = 0;
    if (expects == WRITE_CONFIG)
        k->config = value;
    else if (expects == WRITE_OUTPUT && !(value & LINE_RESET) && k->reset)
        k->reset(k->owner);
}
