/* The demonstration: a simple mind that looks at the stage and presses buttons.
 *
 * It knows nothing but what a player sees, and draws no lots: the same demonstration every time.
 */
#include "hawk.h"

#define LOOK_AHEAD 96

static byte held;
static byte i; /* the actor that is looked at */

/* Crows are to be passed on the other side, and dived upon when they are right below. */
static byte crow_answer(void)
{
    byte ahead = actor_screen_x[i] - hawk_x;

    if (ahead > 64 && ahead < 240)
        return 0;
    if ((byte)(actor_y[i] - hawk_y - 24) < 56 && (byte)(ahead + 4) < 16)
        return PAD_A;
    if ((byte)(actor_y[i] - hawk_y + 32) < 64)
        return actor_y[i] > hawk_y ? PAD_UP : PAD_DOWN;
    return 0;
}

static byte buttons_choose(void)
{
    byte kind, ahead, nearest = LOOK_AHEAD, wanted = 104, answer;

    /* land ahead: up */
    if (land_at(hawk_x + 44, hawk_y + 20) != AIR || land_at(hawk_x + 28, hawk_y + 24) == HARD)
        return PAD_UP | PAD_LEFT;
    for (i = 0; i < ACTORS; ++i) {
        kind = actor_kind[i];
        if (kind == NOBODY || kind > HEART || !actor_on_screen[i])
            continue;
        if (kind == CROW) {
            answer = crow_answer();
            if (answer)
                return answer;
            continue;
        }
        ahead = actor_screen_x[i] - hawk_x;
        if (ahead < nearest) {
            nearest = ahead;
            wanted = actor_y[i] - 4;
        }
    }
    answer = hawk_x < 64 ? PAD_RIGHT : 0;
    if (hawk_y > wanted + 2)
        return answer | PAD_UP;
    if (hawk_y + 2 < wanted)
        return answer | PAD_DOWN;
    return answer;
}

void demo_buttons(void)
{
    pad = buttons_choose();
    pad_pressed = pad & ~held;
    held = pad;
}
