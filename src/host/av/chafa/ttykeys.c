#include "host/av/chafa/ttykeys.h"

#include <assert.h>
#include <string.h>

enum {
    KEY_RETURN = 40,
    KEY_ESCAPE = 41,
    KEY_BACKSPACE = 42,
    KEY_TAB = 43,
    KEY_RIGHT = 79,
    KEY_UP = 82,
    KEY_MODIFIERS = 224, /* from here on */
};

/* ---- key codes ---- */

struct code {
    u16 code;
    u8 key;
};

static unsigned find(const struct code *list, size_t n, unsigned code)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].code == code)
            return list[i].key;
    return KEY_NONE;
}

/* A character, on the key where a US keyboard has it, with shift or without. */
static unsigned key_of_char(unsigned c)
{
    static const struct code list[] = {
        { '\r', KEY_RETURN },
        { '\n', KEY_RETURN },
        { '\t', KEY_TAB },
        { 27, KEY_ESCAPE },
        { 127, KEY_BACKSPACE },
        { 8, KEY_BACKSPACE },
        { ' ', 44 },
        { '-', 45 },
        { '_', 45 },
        { '=', 46 },
        { '+', 46 },
        { '[', 47 },
        { '{', 47 },
        { ']', 48 },
        { '}', 48 },
        { '\\', 49 },
        { '|', 49 },
        { ';', 51 },
        { ':', 51 },
        { '\'', 52 },
        { '"', 52 },
        { '`', 53 },
        { '~', 53 },
        { ',', 54 },
        { '<', 54 },
        { '.', 55 },
        { '>', 55 },
        { '/', 56 },
        { '?', 56 },
        { '0', 39 },
        { ')', 39 },
        { '!', 30 },
        { '@', 31 },
        { '#', 32 },
        { '$', 33 },
        { '%', 34 },
        { '^', 35 },
        { '&', 36 },
        { '*', 37 },
        { '(', 38 },
    };

    if (c >= 'a' && c <= 'z')
        return 4 + c - 'a';
    if (c >= 'A' && c <= 'Z')
        return 4 + c - 'A';
    if (c >= '1' && c <= '9')
        return 30 + c - '1';
    return find(list, ARRAY_SIZE(list), c);
}

/* CSI number ~ */
static unsigned key_of_tilde(unsigned n)
{
    static const struct code list[] = {
        { 1, 74 },  { 2, 73 },  { 3, 76 },  { 4, 77 },  { 5, 75 },  { 6, 78 },  { 7, 74 },
        { 8, 77 },  { 11, 58 }, { 12, 59 }, { 13, 60 }, { 14, 61 }, { 15, 62 }, { 17, 63 },
        { 18, 64 }, { 19, 65 }, { 20, 66 }, { 21, 67 }, { 23, 68 }, { 24, 69 },
    };

    return find(list, ARRAY_SIZE(list), n);
}

/* CSI letter, SS3 letter. */
static unsigned key_of_letter(unsigned c)
{
    static const struct code list[] = {
        { 'A', 82 }, { 'B', 81 }, { 'C', 79 }, { 'D', 80 }, { 'H', 74 },      { 'F', 77 },
        { 'P', 58 }, { 'Q', 59 }, { 'R', 60 }, { 'S', 61 }, { 'Z', KEY_TAB }, { 'M', 88 },
    };

    return find(list, ARRAY_SIZE(list), c);
}

/* CSI code u: a character, or one of the kitty protocol's numbers for other keys. */
static unsigned key_of_kitty(unsigned code)
{
    static const struct code list[] = {
        { 57358, 57 },  { 57359, 71 },  { 57360, 83 },  { 57361, 70 },  { 57362, 72 },
        { 57399, 98 },  { 57409, 99 },  { 57410, 84 },  { 57411, 85 },  { 57412, 86 },
        { 57413, 87 },  { 57414, 88 },  { 57441, 225 }, { 57442, 224 }, { 57443, 226 },
        { 57444, 227 }, { 57447, 229 }, { 57448, 228 }, { 57449, 230 }, { 57450, 231 },
    };

    if (code >= 57400 && code <= 57408) /* keypad 1 to 9 */
        return 89 + code - 57400;
    return code < 128 ? key_of_char(code) : find(list, ARRAY_SIZE(list), code);
}

/* ---- held and not ---- */

static bool is_arrow(unsigned key)
{
    return key >= KEY_RIGHT && key <= KEY_UP;
}

static void release(struct ttykeys *t, unsigned key)
{
    if (t->until[key])
        t->change(t->context, key, false);
    t->until[key] = 0;
    t->repeats[key] = false;
}

/* With `lasting` its release will be told. */
static void press(struct ttykeys *t, unsigned key, u64 now, bool lasting)
{
    bool again = now - t->pressed[key] < REPEAT_NS && t->pressed[key];

    if (!key)
        return;
    for (unsigned k = 1; k < KEY_COUNT && !lasting; k++) {
        if (k == key || !is_arrow(k) || !t->until[k])
            continue;
        if (is_arrow(key))
            release(t, k);
        else if (t->repeats[k])
            t->until[k] = now + TAP_NS;
    }
    if (!t->until[key])
        t->change(t->context, key, true);
    t->repeats[key] = again;
    t->pressed[key] = now;
    t->until[key] = lasting ? ~0ULL : now + (again ? HELD_NS : TAP_NS);
}

void ttykeys_tick(struct ttykeys *t, u64 now)
{
    if (t->used && t->bytes[0] == 27 && now - t->fed_ns >= ESCAPE_NS) {
        if (t->used == 1)
            press(t, KEY_ESCAPE, now, false);
        t->used = 0; /* a sequence that ends nowhere is none */
    }
    for (unsigned k = 1; k < KEY_COUNT; k++)
        if (t->until[k] && t->until[k] <= now)
            release(t, k);
}

/* ---- sequences ---- */

/* The numbers of "a:b;c:d": part[i][j]. */
struct numbers {
    unsigned part[3][3];
};

static struct numbers parse_numbers(const u8 *s, unsigned len)
{
    struct numbers n = { 0 };
    unsigned i = 0, j = 0;

    for (; len; len--, s++) {
        if (*s == ';')
            i++, j = 0;
        else if (*s == ':')
            j++;
        else if (*s >= '0' && *s <= '9' && i < 3 && j < 3 && n.part[i][j] < 100000)
            n.part[i][j] = n.part[i][j] * 10 + (*s - '0');
    }
    return n;
}

/* CSI: numbers, then a final byte that says of what kind. */
static void sequence(struct ttykeys *t, const u8 *s, unsigned len, u64 now)
{
    enum { CTRL = 4, RELEASED = 3 };
    struct numbers n = parse_numbers(s, len - 1);
    unsigned modifiers = n.part[1][0] ? n.part[1][0] - 1 : 0, event = n.part[1][1], key;
    unsigned final = s[len - 1];

    if (len > 1 && (s[0] < '0' || s[0] > '9')) /* an answer to some question */
        return;
    if (final == 'u')
        key = key_of_kitty(n.part[0][0]);
    else
        key = final == '~' ? key_of_tilde(n.part[0][0]) : key_of_letter(final);
    if (final == 'u' && n.part[0][0] == 'c' && modifiers & CTRL) {
        if (event != RELEASED)
            t->interrupt(t->context);
    } else if (event == RELEASED) {
        release(t, key);
    } else if (final == 'u' && n.part[0][0] == 'a' && modifiers & CTRL) {
        t->leaving = true;
    } else if (final == 'u' && n.part[0][0] == 'x' && t->leaving) {
        t->interrupt(t->context);
    } else {
        t->leaving &= key >= KEY_MODIFIERS; /* control is let go of, and comes before */
        press(t, key, now, t->releases);
    }
}

/* Takes one key off the front of what is collected: how many bytes it had, 0 when more must come.
 */
static unsigned take(struct ttykeys *t, u64 now)
{
    const u8 *s = t->bytes;

    if (s[0] == 3) {
        t->interrupt(t->context);
        return 1;
    }
    if (s[0] == 1) {
        t->leaving = true;
        return 1;
    }
    if (s[0] == 'x' && t->leaving) {
        t->interrupt(t->context);
        return 1;
    }
    if (s[0] != 27) {
        t->leaving = false;
        press(t, key_of_char(s[0]), now, false);
        return 1;
    }
    if (t->used < 2)
        return 0;
    if (s[1] == '[') {
        for (unsigned i = 2; i < t->used; i++) {
            if (s[i] >= 0x40 && s[i] <= 0x7e) {
                sequence(t, s + 2, i - 1, now);
                return i + 1;
            }
            if (s[i] < 0x20)
                return i; /* broken off */
        }
        return t->used == TTYKEYS_ROOM ? TTYKEYS_ROOM : 0;
    }
    if (s[1] == 'O') {
        if (t->used < 3)
            return 0;
        press(t, key_of_letter(s[2]), now, t->releases);
        return 3;
    }
    if (s[1] == 27) {
        press(t, KEY_ESCAPE, now, false);
        return 1;
    }
    press(t, key_of_char(s[1]), now, false); /* with alt */
    return 2;
}

void ttykeys_feed(struct ttykeys *t, const void *bytes, unsigned len, u64 now)
{
    const u8 *from = bytes;

    t->fed_ns = now;
    while (len--) {
        unsigned n;

        assert(t->used < TTYKEYS_ROOM);
        t->bytes[t->used++] = *from++;
        while (t->used && (n = take(t, now))) {
            t->used -= n;
            memmove(t->bytes, t->bytes + n, t->used);
        }
    }
}
