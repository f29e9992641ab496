/* Little Hawk: a flight from the mews and home again.
 *
 *          +--------- 8 seconds --------> demonstration --+
 *          |                                              |
 *   +--> title --- Start ---> flight ---> over ---+       |
 *   |                          | ^ next day       |       |
 *   |                          +-+                |       |
 *   +---------------------------------------------+-------+
 *
 * Each box is a function that returns when the box is left. A frame is: read the buttons, move,
 * draw, frame_wait().
 */
#include "art.h"
#include "hawk.h"

#define TITLE_FRAMES 480
#define DEMO_FRAMES  2400
#define OVER_FRAMES  600
#define DAYS         3 /* differently coloured ones; then they repeat, at the last speed */

static byte day;
static char day_text[2];

static const byte title_colours[32] = {
    0x21, 0x30, 0x31, 0x02, 0x21, 0x29, 0x1A, 0x0B,
    0x21, 0x37, 0x27, 0x07, 0x21, 0x38, 0x27, 0x07, /* background */
    0x21, 0x37, 0x27, 0x07, 0x21, 0x35, 0x10, 0x0F,
    0x21, 0x30, 0x16, 0x0F, 0x21, 0x28, 0x13, 0x0F, /* sprites */
};
static const byte day_colours[DAYS][32] = {
    {
        0x21, 0x30, 0x31, 0x02, 0x21, 0x29, 0x1A, 0x0B,
        0x21, 0x37, 0x16, 0x07, 0x21, 0x27, 0x17, 0x07, /* noon */
        0x21, 0x37, 0x27, 0x07, 0x21, 0x35, 0x10, 0x0F,
        0x21, 0x30, 0x16, 0x0F, 0x21, 0x28, 0x13, 0x0F,
    },
    {
        0x26, 0x37, 0x25, 0x03, 0x26, 0x28, 0x18, 0x08,
        0x26, 0x38, 0x06, 0x07, 0x26, 0x17, 0x07, 0x08, /* evening */
        0x26, 0x37, 0x17, 0x07, 0x26, 0x35, 0x00, 0x0F,
        0x26, 0x30, 0x16, 0x0F, 0x26, 0x28, 0x03, 0x0F,
    },
    {
        0x0C, 0x31, 0x11, 0x0F, 0x0C, 0x1B, 0x0B, 0x0F,
        0x0C, 0x10, 0x06, 0x0F, 0x0C, 0x07, 0x08, 0x0F, /* night */
        0x0C, 0x37, 0x27, 0x0F, 0x0C, 0x35, 0x10, 0x0F,
        0x0C, 0x30, 0x16, 0x0F, 0x0C, 0x28, 0x14, 0x0F,
    },
};
/* Pixels a frame, in quarters. */
static const byte day_speed[DAYS] = { 5, 6, 7 };

static void still_show(const byte *screen)
{
    picture_off();
    split_on = 0;
    chr_bank(BANK_TITLE);
    vram_address(0x2000);
    screen_unpack(screen);
    palette_load(title_colours);
    sprites_begin();
    picture_show();
}

/* Returns 1 when a player wants to fly, 0 when nobody is there. */
static byte title(void)
{
    unsigned frames;

    still_show(screen_title);
    music_play(SONG_TITLE);
    for (frames = 0; frames < TITLE_FRAMES; ++frames) {
        frame_wait();
        pad_read();
        if (pad_pressed & PAD_START) {
            effect_play(EFFECT_START);
            return 1;
        }
        if ((byte)frames == 0x80) {
            text_print(0x236A, "BEST        ");
            score_print(0x2370, best);
        } else if ((byte)frames == 0) {
            text_print(0x236A, "PRESS  START");
        }
    }
    return 0;
}

static void day_begin(void)
{
    byte colours = day < DAYS ? day : DAYS - 1;

    picture_off();
    split_on = 0;
    chr_bank(BANK_WORLD);
    sprites_begin();
    actors_begin();
    land_begin();
    palette_load(day_colours[colours]);
    picture_show();
    sprites_begin();
    beam_draw(SPRITE_TILE_BEAM);
    frame_wait(); /* the list of writes is short: one frame for the colours, one for the letters */
    score_print(0x2042, score);
    score_print(0x204B, best);
    hearts_print();
    day_text[0] = '1' + day;
    text_print(0x2054, day_text);
    sprites_begin();
    beam_draw(SPRITE_TILE_BEAM);
    split_on = 1;
    frame_wait();
    hawk_begin();
    music_play(SONG_FLIGHT);
}

static void pause(void)
{
    sound_pause(1);
    text_print(0x202B, "PAUSE");
    do {
        frame_wait();
        pad_read();
    } while (!(pad_pressed & PAD_START));
    sound_pause(0);
    text_print(0x202B, "BEST ");
}

/* Draw everybody. The hawk comes first: where more than eight sprites meet on a line, the later
 * ones vanish. */
static void stage_draw(void)
{
    sprites_begin();
    beam_draw(SPRITE_TILE_BEAM);
    hawk_draw();
    actors_move();
}

/* The tower is reached: fly in, count the hearts. */
static void homecoming(void)
{
    byte frames;

    music_play(SONG_HOME);
    text_print(0x2022, "HOME!");
    for (frames = 0; frames < 200; ++frames) {
        hawk_home();
        stage_draw();
        if (frames > 80 && frames <= 80 + hearts * 20 && frames % 20 == 0) {
            score_add(10);
            effect_play(EFFECT_CATCH);
        }
        frame_wait();
    }
}

/* From the first day to the last heart. A demonstration also ends after a while, or when a button
 * is pressed. */
static void flight(byte demo)
{
    unsigned frames = 0;
    byte fraction = 0, speed;

    day = 0;
    hearts = 3;
    score_begin();
    day_begin();
    for (;;) {
        pad_read();
        if (demo) {
            if (pad || ++frames == DEMO_FRAMES)
                return;
            demo_buttons();
        } else if (pad_pressed & PAD_START) {
            pause();
        }
        fraction += day_speed[day < DAYS ? day : DAYS - 1];
        speed = fraction >> 2;
        fraction &= 3;
        if (!land_ended()) {
            land_scroll_by(speed);
        } else if (hearts) {
            homecoming();
            if (day < 8)
                ++day;
            day_begin();
        }
        if (!hawk_move(pad))
            return;
        stage_draw();
        frame_wait();
    }
}

static void over(void)
{
    unsigned frames;

    still_show(screen_over);
    if (score_is_best())
        text_print(0x224B, "A NEW BEST");
    score_print(0x2211, score);
    score_print(0x2231, best);
    music_play(SONG_OVER);
    for (frames = 0; frames < OVER_FRAMES; ++frames) {
        frame_wait();
        pad_read();
        if (frames > 30 && pad_pressed & (PAD_START | PAD_A))
            return;
    }
}

int main(void)
{
    best_load();
    for (;;) {
        if (title()) {
            flight(0);
            over();
        } else {
            flight(1);
        }
    }
}
