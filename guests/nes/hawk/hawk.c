/* The player's bird.
 *
 *   glide --- A ---> stoop: straight down, fast, feared by crows
 *     ^                |
 *     +-- A let go, or the ground
 *
 * Positions and speeds are in sixteenths of a pixel. A wound leaves the bird untouchable for a
 * while (it blinks); after the last it falls.
 */
#include "hawk.h"
#include "art.h"

#define UNIT         16
#define LEFT_EDGE    (12 * UNIT)
#define RIGHT_EDGE   (200 * UNIT)
#define TOP_EDGE     (30 * UNIT)
#define BOTTOM_EDGE  (212 * UNIT)
#define CLIMB        30
#define STOOP        68
#define BLINK_FRAMES 90
#define WINDOW_X     123 /* where the bird is when it is in the tower's window */
#define WINDOW_Y     154

byte hawk_x, hawk_y, hearts;
static int x, y, speed_x, speed_y;
static byte stooping, unhurt_frames, wing, at_home;

static const byte wing_beat[4] = { SPRITE_HAWK_UP, SPRITE_HAWK_MID, SPRITE_HAWK_DOWN,
                                   SPRITE_HAWK_MID };

void hawk_begin(void)
{
    x = 56 * UNIT;
    y = 110 * UNIT;
    hawk_x = 56;
    hawk_y = 110;
    speed_x = speed_y = 0;
    stooping = unhurt_frames = wing = at_home = 0;
}

static void hawk_hurt(void)
{
    if (unhurt_frames)
        return;
    effect_play(EFFECT_HURT);
    unhurt_frames = BLINK_FRAMES;
    stooping = 0;
    speed_y = -CLIMB;
    if (--hearts == 0)
        music_play(SONG_NONE);
    hearts_print();
}

/* A speed moves towards what the buttons ask for. */
static int speed_towards(int speed, int wanted, byte step)
{
    if (speed < wanted) {
        speed += step;
        return speed > wanted ? wanted : speed;
    }
    speed -= step;
    return speed < wanted ? wanted : speed;
}

static void buttons_obey(byte buttons)
{
    int wanted;

    if (buttons & PAD_A) {
        if (pad_pressed & PAD_A) {
            stooping = 1;
            speed_y = STOOP / 2;
            effect_play(EFFECT_STOOP);
        }
    } else {
        stooping = 0;
    }
    wanted = 4; /* a gliding bird sinks a little */
    if (stooping)
        wanted = STOOP;
    else if (buttons & PAD_UP)
        wanted = -CLIMB;
    else if (buttons & PAD_DOWN)
        wanted = CLIMB;
    speed_y = speed_towards(speed_y, wanted, stooping ? 8 : 3);
    wanted = 0;
    if (buttons & PAD_RIGHT)
        wanted = 26;
    else if (buttons & PAD_LEFT)
        wanted = -26;
    speed_x = speed_towards(speed_x, wanted, 2);
}

static void place_limit(void)
{
    x += speed_x;
    if (x < LEFT_EDGE)
        x = LEFT_EDGE;
    else if (x > RIGHT_EDGE)
        x = RIGHT_EDGE;
    y += speed_y;
    if (y < TOP_EDGE)
        y = TOP_EDGE;
    else if (y > BOTTOM_EDGE)
        y = BOTTOM_EDGE;
}

/* Beak and belly feel for the land: it carries, and a house hurts besides. */
static void land_touch(void)
{
    byte what = land_at(hawk_x + 20, hawk_y + 12);

    if (what == AIR)
        what = land_at(hawk_x + 10, hawk_y + 16);
    if (what == AIR)
        return;
    if (what == HARD)
        hawk_hurt();
    stooping = 0;
    y -= 4 * UNIT;
    if (speed_y > 0)
        speed_y = -12;
}

byte __fastcall__ hawk_move(byte buttons)
{
    byte met;

    if (hearts == 0) {
        speed_y += 2;
        y += speed_y;
        hawk_y = (byte)((unsigned)y >> 4);
        return y < 240 * UNIT;
    }
    if (unhurt_frames)
        --unhurt_frames;
    buttons_obey(buttons);
    place_limit();
    hawk_x = (byte)((unsigned)x >> 4);
    hawk_y = (byte)((unsigned)y >> 4);
    land_touch();
    met = actors_touch(stooping);
    if (met == HEART && hearts < 3) {
        ++hearts;
        hearts_print();
    } else if (met == CROW && !stooping) {
        hawk_hurt();
    }
    return 1;
}

/* Home: to the tower's window, whatever the buttons say, and in. */
void hawk_home(void)
{
    stooping = unhurt_frames = 0;
    speed_x = speed_y = 0;
    if (hawk_x < WINDOW_X)
        x += 20;
    else if (hawk_x > WINDOW_X + 1)
        x -= 20;
    if (hawk_y < WINDOW_Y)
        y += 16;
    else if (hawk_y > WINDOW_Y + 1)
        y -= 16;
    hawk_x = (byte)((unsigned)x >> 4);
    hawk_y = (byte)((unsigned)y >> 4);
    if ((byte)(hawk_x - WINDOW_X) < 2 && (byte)(hawk_y - WINDOW_Y) < 2)
        at_home = 1;
}

void hawk_draw(void)
{
    byte picture;

    if (at_home || (hearts && unhurt_frames & 2))
        return;
    if (stooping || hearts == 0) {
        picture = SPRITE_HAWK_STOOP;
    } else {
        /* climbing beats the wings fast, level flight slowly, sinking not at all */
        if (speed_y < -4)
            wing += 3;
        else if (speed_y < 12)
            ++wing;
        else
            wing = 8;
        picture = wing_beat[(byte)(wing >> 3) & 3];
    }
    sprite_x = hawk_x;
    sprite_y = hawk_y;
    sprite_draw(picture);
}
