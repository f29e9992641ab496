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
static byte actor_extra[ACTORS]; /* crow: its height at rest; points: the picture */
static const byte *waiting;      /* next pair of the level's list */

/* One turn of a wing beat, for what bobs in the air. */
static const signed char bob[32] = {
    0, 1,  3,  4,  5,  6,  7,  7,  8,  7,  7,  6,  5,  4,  3,  1,
    0, -1, -3, -4, -5, -6, -7, -7, -8, -7, -7, -6, -5, -4, -3, -1,
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
        actor_y[i] = actor_extra[i] = y;
        actor_age[i] = column << 3;
        actor_on_screen[i] = 0;
    }
}

/* Slot i's actor becomes another, at its place. */
static void actor_become(byte i, byte kind)
{
    actor_kind[i] = kind;
    actor_age[i] = 0;
}

static void points_show(byte i, byte picture)
{
    byte slot = slot_find();

    if (slot == ACTORS)
        return;
    actor_kind[slot] = POINTS;
    actor_x[slot] = actor_x[i];
    actor_y[slot] = actor_y[i] - 8;
    actor_extra[slot] = picture;
    actor_age[slot] = 0;
    actor_on_screen[slot] = 0;
}

/* A mouse runs to the left as far as there is level ground. */
static void mouse_run(byte i)
{
    byte nose = actor_screen_x[i] - 1;

    if (actor_on_screen[i] && land_at(nose, actor_y[i] + 4) == AIR &&
        land_at(nose, actor_y[i] + 12) == SOLID)
        --actor_x[i];
}

/* One frame of slot i's life; returns the picture to draw. */
static byte actor_step(byte i)
{
    byte age = ++actor_age[i];

    switch (actor_kind[i]) {
    case MOUSE:
        if (age & 64) /* runs, then sits and listens */
            return SPRITE_MOUSE_A;
        if (age & 1)
            mouse_run(i);
        return age & 4 ? SPRITE_MOUSE_B : SPRITE_MOUSE_A;
    case POST:
        actor_y[i] = actor_extra[i] + (bob[(age >> 1) & 31] >> 1);
        return age & 8 ? SPRITE_LETTER_B : SPRITE_LETTER_A;
    case CROW:
        --actor_x[i];
        actor_y[i] = actor_extra[i] + bob[(age >> 1) & 31];
        return age & 8 ? SPRITE_CROW_B : SPRITE_CROW_A;
    case HEART: actor_y[i] = actor_extra[i] + (bob[(age >> 2) & 31] >> 1); return SPRITE_HEART;
    case FEATHERS:
        if (age > 60)
            actor_kind[i] = NOBODY;
        if (age & 1)
            ++actor_y[i];
        return age & 16 ? SPRITE_FEATHER_B : SPRITE_FEATHER_A;
    case SPARK:
        if (age > 12)
            actor_kind[i] = NOBODY;
        return age < 6 ? SPRITE_SPARK_A : SPRITE_SPARK_B;
    default: /* POINTS */
        if (age > 40)
            actor_kind[i] = NOBODY;
        if (age & 1)
            --actor_y[i];
        return actor_extra[i];
    }
}

void actors_move(void)
{
    byte i, picture;

    for (i = 0; i < ACTORS; ++i) {
        if (actor_kind[i] == NOBODY)
            continue;
        picture = actor_step(i);
        sprite_x = actor_x[i] - camera;
        if (sprite_x >= 0xFFF0 || sprite_x < 0x0130) {
            actor_screen_x[i] = (byte)sprite_x;
            actor_on_screen[i] = sprite_x < 0x00F8;
            sprite_y = actor_y[i];
            sprite_draw(picture);
        } else {
            actor_kind[i] = NOBODY;
        }
    }
}

/* The hawk's body against everybody. A stoop beats a crow. */
byte actors_touch(byte stooping)
{
    byte i, kind;

    for (i = 0; i < ACTORS; ++i) {
        kind = actor_kind[i];
        if (kind == NOBODY || kind > HEART || !actor_on_screen[i])
            continue;
        /* |distance| without signs: shift the range so that it begins at 0 */
        if ((byte)(actor_screen_x[i] - hawk_x + 10) > 28)
            continue;
        if ((byte)(actor_y[i] - hawk_y + 8) > 24)
            continue;
        switch (kind) {
        case MOUSE:
            score_add(1);
            points_show(i, SPRITE_TEN);
            effect_play(EFFECT_CATCH);
            actor_become(i, SPARK);
            break;
        case POST:
            score_add(2);
            points_show(i, SPRITE_TWENTY);
            effect_play(EFFECT_POST);
            actor_become(i, SPARK);
            break;
        case HEART:
            effect_play(EFFECT_HEART);
            actor_become(i, SPARK);
            break;
        default:
            if (!stooping)
                return CROW;
            score_add(5);
            points_show(i, SPRITE_FIFTY);
            effect_play(EFFECT_CROW);
            actor_become(i, FEATHERS);
        }
        return kind;
    }
    return NOBODY;
}
