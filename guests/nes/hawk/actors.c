/* Everybody on the stage but the hawk: a few slots of parallel arrays. */
#include "art.h"
#include "hawk.h"

extern const byte level_actors[];

byte actor_kind[ACTORS];
byte actor_y[ACTORS];
byte actor_screen_x[ACTORS];
byte actor_on_screen[ACTORS];
static unsigned actor_x[ACTORS]; /* in the level */
static byte actor_age[ACTORS];
static byte actor_extra[ACTORS]; /* in the air: where its bobbing begins; points: the picture */
static const byte *waiting;      /* next pair of the level's list */

/* The slot that the functions below are about. An argument would lie on cc65's stack in memory,
 * where each look at it takes several instructions; this takes one. */
static byte self;

/* A bobbing in the air, from 0 to 16. */
static const byte bob[32] = {
    8, 9, 11, 12, 13, 14, 15, 15, 16, 15, 15, 14, 13, 12, 11, 9,
    8, 7, 5,  4,  3,  2,  1,  1,  0,  1,  1,  2,  3,  4,  5,  7,
};

void actors_begin(void)
{
    byte i;

    for (i = 0; i < ACTORS; ++i)
        actor_kind[i] = NOBODY;
    waiting = level_actors;
}

static byte slot_find(void)
{
    byte i;

    for (i = 0; i < ACTORS; ++i) {
        if (actor_kind[i] == NOBODY)
            break;
    }
    return i;
}

/* Those who wait for this column of the level enter; whoever finds no slot stays at home. */
void __fastcall__ land_column_actors(byte column)
{
    byte i, kind, y;

    while (waiting[0] == column) {
        i = slot_find();
        kind = waiting[1] >> 4;
        y = 32 + ((waiting[1] & 15) << 4);
        waiting += 2;
        if (i == ACTORS)
            continue;
        if (kind == MOUSE)
            y += 8;
        actor_kind[i] = kind;
        actor_x[i] = (unsigned)column << 4;
        actor_y[i] = y;
        actor_extra[i] = y - (kind == CROW ? 8 : 4);
        actor_age[i] = column << 3;
        actor_on_screen[i] = 0;
    }
}

/* This actor becomes another, at its place. */
static void actor_become(byte kind)
{
    actor_kind[self] = kind;
    actor_age[self] = 0;
}

static void points_show(byte picture)
{
    byte slot = slot_find();

    if (slot == ACTORS)
        return;
    actor_kind[slot] = POINTS;
    actor_x[slot] = actor_x[self];
    actor_y[slot] = actor_y[self] - 8;
    actor_extra[slot] = picture;
    actor_age[slot] = 0;
    actor_on_screen[slot] = 0;
}

/* A mouse runs to the left as far as there is level ground. */
static void mouse_run(void)
{
    byte nose = actor_screen_x[self] - 1;

    if (actor_on_screen[self] && land_at(nose, actor_y[self] + 4) == AIR &&
        land_at(nose, actor_y[self] + 12) == SOLID)
        --actor_x[self];
}

/* One frame of an actor's life; returns the picture to draw. */
static byte actor_step(void)
{
    byte age, y;

    ++actor_age[self];
    age = actor_age[self];
    y = bob[(byte)(age >> 1) & 31];
    switch (actor_kind[self]) {
    case MOUSE:
        if (age & 64) /* runs, then sits and listens */
            return SPRITE_MOUSE_A;
        if (age & 1)
            mouse_run();
        return age & 4 ? SPRITE_MOUSE_B : SPRITE_MOUSE_A;
    case POST:
        y = (y >> 1) + actor_extra[self];
        actor_y[self] = y;
        return age & 8 ? SPRITE_LETTER_B : SPRITE_LETTER_A;
    case CROW:
        --actor_x[self];
        y += actor_extra[self];
        actor_y[self] = y;
        return age & 8 ? SPRITE_CROW_B : SPRITE_CROW_A;
    case HEART:
        y = (bob[(byte)(age >> 2) & 31] >> 1) + actor_extra[self];
        actor_y[self] = y;
        return SPRITE_HEART;
    case FEATHERS:
        if (age > 60)
            actor_kind[self] = NOBODY;
        if (age & 1)
            ++actor_y[self];
        return age & 16 ? SPRITE_FEATHER_B : SPRITE_FEATHER_A;
    case SPARK:
        if (age > 12)
            actor_kind[self] = NOBODY;
        return age < 6 ? SPRITE_SPARK_A : SPRITE_SPARK_B;
    default: /* POINTS */
        if (age > 40)
            actor_kind[self] = NOBODY;
        if (age & 1)
            --actor_y[self];
        return actor_extra[self];
    }
}

/* Move and draw this actor. */
static void actor_move(void)
{
    byte picture = actor_step();

    sprite_x = actor_x[self] - camera;
    if (sprite_x >= 0x0130 && sprite_x < 0xFFF0) {
        actor_kind[self] = NOBODY;
        return;
    }
    actor_screen_x[self] = (byte)sprite_x;
    actor_on_screen[self] = 0;
    if (sprite_x < 0x00F8)
        actor_on_screen[self] = 1;
    sprite_y = actor_y[self];
    sprite_draw(picture);
}

/* Every other frame in the other order: of more than eight sprites on a line the PPU leaves out the
 * last ones, and so all of them flicker instead of one being gone. */
void actors_move(void)
{
    if (frame_count & 1) {
        for (self = 0; self < ACTORS; ++self) {
            if (actor_kind[self] != NOBODY)
                actor_move();
        }
    } else {
        for (self = ACTORS; self-- > 0;) {
            if (actor_kind[self] != NOBODY)
                actor_move();
        }
    }
}

/* The hawk's body against everybody. A stoop beats a crow. What the player wants to meet is met as
 * soon as the pictures touch; to be hurt takes more, beak in feathers. */
byte actors_touch(byte stooping)
{
    byte kind, right, below;

    for (self = 0; self < ACTORS; ++self) {
        kind = actor_kind[self];
        if (kind == NOBODY || kind > HEART || !actor_on_screen[self])
            continue;
        /* |distance| without signs: shift the range so that it begins at 0 */
        right = actor_screen_x[self] - hawk_x + 10;
        if (right > 28)
            continue;
        below = actor_y[self] - hawk_y + 8;
        if (below > 24)
            continue;
        switch (kind) {
        case MOUSE:
            score_add(1);
            points_show(SPRITE_TEN);
            effect_play(EFFECT_CATCH);
            actor_become(SPARK);
            break;
        case POST:
            score_add(2);
            points_show(SPRITE_TWENTY);
            effect_play(EFFECT_POST);
            actor_become(SPARK);
            break;
        case HEART:
            effect_play(EFFECT_HEART);
            actor_become(SPARK);
            break;
        default:
            if (!stooping) {
                if (right < 3 || below < 6 || below > 18)
                    continue;
                return CROW;
            }
            score_add(5);
            points_show(SPRITE_FIFTY);
            effect_play(EFFECT_CROW);
            actor_become(FEATHERS);
        }
        return kind;
    }
    return NOBODY;
}
