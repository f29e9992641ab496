/* The land: the level is unpacked column by column just before it scrolls in.
 *
 * Two name tables stand side by side, 64 tiles of 8 pixels round: what leaves on the left makes
 * room on the right. A column of blocks is two columns of tiles, drawn in different frames (a
 * vertical blank is short), and its colours, which the PPU keeps in bytes of two by two blocks. The
 * same blocks go to a ring in RAM for collisions. What must be fast is in columns.s.
 */
#include "hawk.h"

#define ROWS           10 /* of blocks; as in columns.s */
#define RING           32 /* columns of blocks that the two name tables hold */
#define ATTRIBUTE_ROWS 6
#define STEPS_AHEAD    68 /* the screen is 64 steps wide, a column 4; see column_advance() */

extern const byte block_palette[];
extern const byte level_runs[];
extern const unsigned level_end; /* where the camera stops */
extern const byte *const level_column[];
void __fastcall__ tiles_queue(byte right); /* columns.s */

unsigned camera;            /* the level's pixel at the left edge of the screen */
static unsigned steps_done; /* four for each column of blocks */
static const byte *run;     /* next pair of the packed level */
static byte run_left, run_column;
byte column_next;                     /* column of blocks that is drawn next */
byte ring[RING * 16];                 /* blocks, 16 bytes for each column */
static byte attributes[RING / 2 * 8]; /* as in the PPU, 8 bytes for two columns */

/* The next column of the level goes to the ring, and its actors to the stage. */
static void column_unpack(void)
{
    register const byte *blocks; /* "register": in the zero page, where pointers are quick */
    register byte *slot;
    byte row;

    if (run_left == 0) {
        if (run[0] == 0)
            return;
        run_left = run[0];
        run_column = run[1];
        run += 2;
    }
    --run_left;
    blocks = level_column[run_column];
    slot = ring + ((unsigned)(byte)(column_next & (RING - 1)) << 4);
    for (row = 0; row < ROWS; ++row)
        slot[row] = blocks[row];
    land_column_actors(column_next);
}

/* Append the colours of the current column of blocks: bits 0-1 top left, 2-3 top right, 4-5 and 6-7
 * below. */
static void colours_queue(void)
{
    byte slot_x = column_next & (RING - 1);
    register const byte *blocks = ring + ((unsigned)slot_x << 4);
    register byte *pair = attributes + ((slot_x & 0xFE) << 2);
    register byte *out = vram_buffer + vram_length;
    byte high = slot_x & 16 ? 0x27 : 0x23;
    byte low = 0xD0 + (byte)((slot_x & 15) >> 1);
    byte row, bits;

    /* The first byte's upper half is the clouds': palette 0, and so is the level's first row. */
    for (row = 0; row < ATTRIBUTE_ROWS; ++row) {
        bits = 0;
        if (row > 0)
            bits = block_palette[blocks[(byte)(row * 2 - 1)]];
        if (row < ATTRIBUTE_ROWS - 1)
            bits |= block_palette[blocks[(byte)(row * 2)]] << 4;
        else
            bits = block_palette[blocks[ROWS - 1]]; /* the last byte's lower half is below the
                                                       screen */
        if (slot_x & 1)
            bits = (bits << 2) | pair[row];
        pair[row] = bits;
        out[0] = high;
        out[1] = low;
        out[2] = 1;
        out[3] = bits;
        out += 4;
        low += 8;
    }
    vram_length += 4 * ATTRIBUTE_ROWS;
}

/* One step of drawing the next column, if the camera has come near it. A step is due every four
 * pixels, which no day's speed makes in a frame: so the work of a column, and what it puts on the
 * list of writes, is spread over frames. */
static void column_advance(void)
{
    if (steps_done > (camera >> 2) + STEPS_AHEAD)
        return;
    switch ((byte)steps_done & 3) {
    case 0: column_unpack(); break;
    case 1: tiles_queue(0); break;
    case 2: tiles_queue(1); break;
    default: colours_queue(); ++column_next;
    }
    ++steps_done;
}

/* The picture is off. Draws the sky and the first screen. */
void land_begin(void)
{
    byte i;

    vram_address(0x2000);
    screen_unpack(screen_flight_left);
    vram_address(0x2400);
    screen_unpack(screen_flight_right);
    camera = 0;
    cloud_scroll = land_scroll = 0;
    steps_done = 0;
    column_next = 0;
    run = level_runs;
    run_left = 0;
    for (i = 0; i <= STEPS_AHEAD; ++i) {
        column_advance();
        vram_send();
    }
}

void __fastcall__ land_scroll_by(byte pixels)
{
    camera += pixels;
    if (camera > level_end)
        camera = level_end;
    land_scroll = camera & 511;
    cloud_scroll = (camera >> 1) & 511;
    column_advance();
}

/* The last screen stands. */
byte land_ended(void)
{
    return camera == level_end;
}
