/* Names of keys and of game controllers' parts, as the configuration file has them. */
#ifndef HOST_AV_KEYS_H
#define HOST_AV_KEYS_H

#include "base/types.h"

/* A key by its place on the keyboard: its usage number in the USB HID keyboard page (HID Usage
 * Tables 1.12, section 10), named after the US layout. SDL's scancodes are the same numbers. */
enum { KEY_NONE = 0, KEY_COUNT = 232 };

/* A game controller's parts, in the order of SDL_GameControllerButton, then its six axes in the
 * order of SDL_GameControllerAxis, each in two directions. */
enum { PAD_PART_AXES = 15, PAD_PART_COUNT = PAD_PART_AXES + 12 };

/* 0, or KEY_NONE, when there is no such name. Case does not matter. */
unsigned key_find(const char *name);
/* NULL when the key has no name. */
const char *key_name(unsigned key);

int pad_part_find(const char *name); /* -1: none */
const char *pad_part_name(unsigned part);

#endif
