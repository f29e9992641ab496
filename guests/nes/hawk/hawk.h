/* What the parts of the game know of each other.
 *
 * The processor is an 8-bit one at 1.79 MHz, and cc65 is an honest but simple compiler: hence
 * unsigned char wherever it will do, parallel arrays instead of structures, few arguments and few
 * calls.
 */
#ifndef HAWK_H
#define HAWK_H

typedef unsigned char byte;

/* --- frame.s: the picture --- */

extern byte vram_buffer[128];
extern byte vram_length;
extern byte frame_ready, frame_count, split_on;
extern unsigned cloud_scroll, land_scroll;
#pragma zpsym("vram_length")
#pragma zpsym("frame_ready")
#pragma zpsym("frame_count")
#pragma zpsym("split_on")
#pragma zpsym("cloud_scroll")
#pragma zpsym("land_scroll")

void frame_wait(void);
void picture_off(void);
void picture_show(void);
void vram_send(void);
void __fastcall__ vram_address(unsigned address);
void __fastcall__ screen_unpack(const byte *packed);
void __fastcall__ palette_load(const byte *colours);
void __fastcall__ chr_bank(byte bank);
enum { BANK_WORLD, BANK_TITLE };

extern const byte screen_title[], screen_over[], screen_flight_left[], screen_flight_right[];

/* --- sprites.s: actors' pictures, the controller --- */

extern unsigned sprite_x;
extern byte sprite_y, sprite_palette, pad, pad_pressed;
#pragma zpsym("sprite_x")
#pragma zpsym("sprite_y")
#pragma zpsym("sprite_palette")
#pragma zpsym("pad")
#pragma zpsym("pad_pressed")

void sprites_begin(void);
void __fastcall__ beam_draw(byte tile);
void __fastcall__ sprite_draw(byte number);
void pad_read(void);

#define PAD_A      0x80
#define PAD_B      0x40
#define PAD_SELECT 0x20
#define PAD_START  0x10
#define PAD_UP     0x08
#define PAD_DOWN   0x04
#define PAD_LEFT   0x02
#define PAD_RIGHT  0x01

/* --- sound.s --- */

void __fastcall__ music_play(byte song);
void __fastcall__ effect_play(byte effect);
void __fastcall__ sound_pause(byte yes);
enum { SONG_TITLE, SONG_FLIGHT, SONG_HOME, SONG_OVER, SONG_NONE };
enum {
    EFFECT_CATCH,
    EFFECT_POST,
    EFFECT_HURT,
    EFFECT_STOOP,
    EFFECT_CROW,
    EFFECT_HEART,
    EFFECT_START
};

/* --- land.c and columns.s: the level and the collision map made from it --- */

enum { AIR, SOLID, HARD, SLOPE }; /* what a block does to a hawk; the numbers are chr.py's */

extern unsigned camera;
void land_begin(void);
void __fastcall__ land_scroll_by(byte pixels);
byte land_ended(void);
byte __fastcall__ land_at(byte screen_x, byte y); /* what lies at a place of the screen */
void __fastcall__ land_column_actors(byte column);

/* --- actors.c: mice, post, crows and what becomes of them --- */

enum { NOBODY, MOUSE, POST, CROW, HEART, SPARK, FEATHERS, POINTS };
#define ACTORS 10

extern byte actor_kind[ACTORS];
extern byte actor_y[ACTORS];
extern byte actor_screen_x[ACTORS]; /* valid while actor_on_screen */
extern byte actor_on_screen[ACTORS];
void actors_begin(void);
void actors_move(void);
byte actors_touch(byte stooping); /* what the hawk met this frame: a kind, or NOBODY */

/* --- hawk.c: the player's bird --- */

extern byte hawk_x, hawk_y, hearts;
void hawk_begin(void);
byte __fastcall__ hawk_move(byte buttons); /* returns 0 when it has fallen out of the picture */
void hawk_home(void);
void hawk_draw(void);

/* --- score.c: points, and the best of them in the cartridge's battery RAM --- */

#define DIGITS 4 /* and a printed zero: points come in tens */
extern byte score[DIGITS], best[DIGITS];
void score_begin(void);
void __fastcall__ score_add(byte tens);
byte score_is_best(void); /* keeps it if so */
void best_load(void);
void __fastcall__ score_print(unsigned address, const byte *digits);
void __fastcall__ text_print(unsigned address, const char *text);
void hearts_print(void);

/* --- demo.c: flies when nobody does --- */

void demo_buttons(void); /* sets pad and pad_pressed */

#endif
