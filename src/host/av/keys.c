#include "host/av/keys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* HID Usage Tables, keyboard page. */
static const struct {
    u8 code;
    const char *name;
} named[] = {
    { 40, "Return" },       { 41, "Escape" },      { 42, "Backspace" },   { 43, "Tab" },
    { 44, "Space" },        { 45, "Minus" },       { 46, "Equals" },      { 47, "LeftBracket" },
    { 48, "RightBracket" }, { 49, "Backslash" },   { 51, "Semicolon" },   { 52, "Apostrophe" },
    { 53, "Grave" },        { 54, "Comma" },       { 55, "Period" },      { 56, "Slash" },
    { 57, "CapsLock" },     { 70, "PrintScreen" }, { 71, "ScrollLock" },  { 72, "Pause" },
    { 73, "Insert" },       { 74, "Home" },        { 75, "PageUp" },      { 76, "Delete" },
    { 77, "End" },          { 78, "PageDown" },    { 79, "Right" },       { 80, "Left" },
    { 81, "Down" },         { 82, "Up" },          { 83, "NumLock" },     { 84, "KeypadSlash" },
    { 85, "KeypadTimes" },  { 86, "KeypadMinus" }, { 87, "KeypadPlus" },  { 88, "KeypadEnter" },
    { 99, "KeypadPeriod" }, { 224, "LeftCtrl" },   { 225, "LeftShift" },  { 226, "LeftAlt" },
    { 227, "LeftSuper" },   { 228, "RightCtrl" },  { 229, "RightShift" }, { 230, "RightAlt" },
    { 231, "RightSuper" },
};

enum { HID_A = 4, HID_F1 = 58, HID_KP1 = 89 };

/* The names of keys whose usage numbers follow each other. */
static const char *const letters[] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R",
    "S", "T", "U", "V", "W", "X", "Y", "Z", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0",
};
static const char *const functions[] = {
    "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12",
};
static const char *const keypad[] = {
    "Keypad1", "Keypad2", "Keypad3", "Keypad4", "Keypad5",
    "Keypad6", "Keypad7", "Keypad8", "Keypad9", "Keypad0",
};

static const struct {
    unsigned first, count;
    const char *const *names;
} runs[] = {
    { HID_A, ARRAY_SIZE(letters), letters },
    { HID_F1, ARRAY_SIZE(functions), functions },
    { HID_KP1, ARRAY_SIZE(keypad), keypad },
};

static const char *const parts[PAD_PART_COUNT] = {
    "a",      "b",       "x",       "y",       "back",    "guide", "start",  "l3",     "r3",
    "l1",     "r1",      "up",      "down",    "left",    "right", "leftx-", "leftx+", "lefty-",
    "lefty+", "rightx-", "rightx+", "righty-", "righty+", "l2-",   "l2",     "r2-",    "r2",
};

unsigned key_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(named); i++)
        if (!strcasecmp(named[i].name, name))
            return named[i].code;
    for (unsigned r = 0; r < ARRAY_SIZE(runs); r++)
        for (unsigned i = 0; i < runs[r].count; i++)
            if (!strcasecmp(runs[r].names[i], name))
                return runs[r].first + i;
    return KEY_NONE;
}

const char *key_name(unsigned key)
{
    for (unsigned i = 0; i < ARRAY_SIZE(named); i++)
        if (named[i].code == key)
            return named[i].name;
    for (unsigned r = 0; r < ARRAY_SIZE(runs); r++)
        if (key >= runs[r].first && key < runs[r].first + runs[r].count)
            return runs[r].names[key - runs[r].first];
    return NULL;
}

int pad_part_find(const char *name)
{
    for (int i = 0; i < PAD_PART_COUNT; i++)
        if (!strcasecmp(parts[i], name))
            return i;
    return -1;
}

const char *pad_part_name(unsigned part)
{
    return part < PAD_PART_COUNT ? parts[part] : NULL;
}
