/* Points, and the best of them in battery RAM.
 *
 * Scores are kept as decimal digits: printing is what happens most, and the 6502 cannot divide. RAM
 * behind a battery holds anything when the cartridge is new, so the record carries a mark and a
 * sum.
 */
#include "art.h"
#include "hawk.h"

#define SUM_START   0x5A
#define HEARTS_FULL 3

byte score[DIGITS], best[DIGITS];

/* clang-format off */
#pragma bss-name(push, "SAVE")
/* clang-format on */
static byte save_mark[4];
static byte save_digits[DIGITS];
static byte save_sum;
/* clang-format off */
#pragma bss-name(pop)
/* clang-format on */

static const byte mark[4] = { 'H', 'A', 'W', 'K' };

static byte digits_sum(const byte *digits)
{
    byte i, sum = SUM_START;

    for (i = 0; i < DIGITS; ++i)
        sum = (byte)(sum * 2 + digits[i]);
    return sum;
}

void score_begin(void)
{
    byte i;

    for (i = 0; i < DIGITS; ++i)
        score[i] = 0;
}

void __fastcall__ score_add(byte tens)
{
    byte i = DIGITS - 1;

    score[DIGITS - 1] += tens;
    while (score[i] > 9) {
        score[i] -= 10;
        if (score[i] > 9)
            continue;
        if (i == 0)
            break;
        --i;
        ++score[i];
    }
    score_print(0x2042, score);
}

void best_load(void)
{
    byte i;

    for (i = 0; i < DIGITS; ++i)
        best[i] = 0;
    for (i = 0; i < 4; ++i) {
        if (save_mark[i] != mark[i])
            return;
    }
    if (save_sum != digits_sum(save_digits))
        return;
    for (i = 0; i < DIGITS; ++i)
        best[i] = save_digits[i];
}

byte score_is_best(void)
{
    byte i;

    for (i = 0; i < DIGITS; ++i) {
        if (score[i] != best[i])
            break;
    }
    if (i == DIGITS || score[i] < best[i])
        return 0;
    save_mark[0] = 0; /* if the power goes now, the record is seen to be half written */
    for (i = 0; i < DIGITS; ++i)
        best[i] = save_digits[i] = score[i];
    save_sum = digits_sum(save_digits);
    for (i = 4; i-- > 0;)
        save_mark[i] = mark[i];
    return 1;
}

void __fastcall__ score_print(unsigned address, const byte *digits)
{
    byte i, at = vram_length;

    vram_buffer[at] = (byte)(address >> 8);
    vram_buffer[(byte)(at + 1)] = (byte)address;
    vram_buffer[(byte)(at + 2)] = DIGITS + 1;
    at += 3;
    for (i = 0; i < DIGITS; ++i) {
        vram_buffer[at] = '0' + digits[i];
        ++at;
    }
    vram_buffer[at] = '0';
    vram_length = at + 1;
}

void __fastcall__ text_print(unsigned address, const char *text)
{
    byte start = vram_length, at = start + 3;

    vram_buffer[start] = (byte)(address >> 8);
    vram_buffer[(byte)(start + 1)] = (byte)address;
    while (*text)
        vram_buffer[at++] = *text++;
    vram_buffer[(byte)(start + 2)] = at - start - 3;
    vram_length = at;
}

void hearts_print(void)
{
    byte i, at = vram_length;

    vram_buffer[at] = 0x20;
    vram_buffer[(byte)(at + 1)] = 0x5B;
    vram_buffer[(byte)(at + 2)] = HEARTS_FULL;
    at += 3;
    for (i = 0; i < HEARTS_FULL; ++i)
        vram_buffer[at++] = i < hearts ? TILE_HEART : TILE_HEART_GONE;
    vram_length = at;
}
