/* Letters for messages on the screen: 5 x 7 pixels, capitals only; small ones show as capitals. */
#ifndef HOST_AV_SDL_FONT_H
#define HOST_AV_SDL_FONT_H

#include "base/types.h"

enum { FONT_WIDTH = 5, FONT_HEIGHT = 7 };

/* The pixels of one row of a letter: bit 4 is the left one. */
unsigned font_row(char c, unsigned row);

#endif
