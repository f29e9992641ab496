/* Letters for messages on the screen, 5 x 8 pixels; the lowest row is for what hangs below the
 * line. */
#ifndef HOST_AV_SDL_FONT_H
#define HOST_AV_SDL_FONT_H

#include "base/types.h"

enum { FONT_WIDTH = 5, FONT_HEIGHT = 8 };

/* The pixels of one row of a letter: bit 4 is the left one. */
unsigned font_row(char c, unsigned row);

#endif
