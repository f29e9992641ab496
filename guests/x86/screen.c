/* A 64-bit program with a text screen: a ball in a box, at 0xb8000, where PCs have 25 lines of 80
 * cells, each a character and its colours. `mews show NAME screen` shows it while it runs. It moves
 * the ball at each event of the timer, twenty times a second, and ends at the end of input. */
#include "micro.h"

enum { COLUMNS = 80, ROWS = 25, STEP_MS = 50 };
enum { GREY = 0x0700, YELLOW = 0x0e00, BLUE = 0x0900 };

static volatile uint16_t *const screen = (volatile uint16_t *)0xb8000;

static void put(unsigned row, unsigned column, uint16_t colour, char c)
{
    screen[row * COLUMNS + column] = (uint16_t)(colour | (uint8_t)c);
}

static void write(unsigned row, unsigned column, uint16_t colour, const char *text)
{
    while (*text)
        put(row, column++, colour, *text++);
}

static void draw_box(void)
{
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned column = 0; column < COLUMNS; column++) {
            char c = row == 0 || row == ROWS - 1            ? '-'
                     : column == 0 || column == COLUMNS - 1 ? '|'
                                                            : ' ';

            put(row, column, BLUE, c);
        }
    write(0, 3, GREY, " the board micro: a text screen ");
}

void _start(void)
{
    int row = 5, column = 10, down = 1, right = 1;
    unsigned steps = 0;

    draw_box();
    out16(PERIOD, STEP_MS);
    out8(TIMER, TIMER_ON);
    for (;;) {
        if (in8(KEY_STATUS) & 1) {
            char key = (char)in8(KEY);

            out8(KEY_STATUS, 0);
            if (key == KEY_END)
                break;
        }
        if (!(in8(TIMER) & TIMER_EVENT))
            continue;
        out8(TIMER, TIMER_ON);
        put((unsigned)row, (unsigned)column, GREY, ' ');
        down = row + down < 1 || row + down > ROWS - 2 ? -down : down;
        right = column + right < 1 || column + right > COLUMNS - 2 ? -right : right;
        row += down;
        column += right;
        put((unsigned)row, (unsigned)column, YELLOW, 'o');
        steps++;
    }
    print("steps ");
    print_number(steps, 10);
    print("\n");
    quit(0);
}
