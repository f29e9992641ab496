#include "kinds/kvm/keyboard.h"

FIELD_TABLE(keyboard, 1, KEYBOARD)

static void put_key(struct keyboard *k, u8 key)
{
    k->key = key;
    k->waiting = true;
    line_set(&k->irq, 1);
}

void keyboard_look(struct keyboard *k, bool wait)
{
    u8 key;
    long got;

    if (k->waiting || !keyboard_lives(k))
        return;
    got = k->in->ops->recv(k->in, &key, 1, wait);
    if (got > 0)
        put_key(k, key);
    else if (got < 0) {
        k->ended = true;
        put_key(k, KEY_END);
    }
}

u8 keyboard_key(struct keyboard *k)
{
    keyboard_look(k, false);
    return k->key;
}

u8 keyboard_status(struct keyboard *k)
{
    keyboard_look(k, false);
    return k->waiting;
}

void keyboard_write_status(struct keyboard *k, u8 value)
{
    if (value & 1)
        return; /* only the device can say that a key waits */
    k->waiting = false;
    line_set(&k->irq, 0);
}
