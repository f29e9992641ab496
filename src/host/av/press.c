#include "host/av/press.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[PAD_BUTTONS] = {
    "A", "B", "Select", "Start", "Up", "Down", "Left", "Right",
};

const char *pad_button_name(unsigned i)
{
    assert(i < PAD_BUTTONS);
    return names[i];
}

int pad_button_find(const char *name, size_t len)
{
    for (int i = 0; i < PAD_BUTTONS; i++)
        if (strlen(names[i]) == len && !strncasecmp(names[i], name, len))
            return i;
    return -1;
}

static u32 press_buttons(struct input_port *port, unsigned index)
{
    struct press *p = container_of(port, struct press, port);
    u32 held = p->next ? p->next->ops->buttons(p->next, index) : 0;

    if (index >= PRESS_PADS)
        return held;
    for (size_t i = 0; i < p->count; i++)
        if (p->entries[i].from <= *p->frames && *p->frames < p->entries[i].to)
            held |= p->entries[i].buttons[index];
    return held;
}

static const struct input_ops press_ops = { .buttons = press_buttons };

void press_init(struct press *p, const u64 *frames)
{
    *p = (struct press) { .port = { &press_ops }, .frames = frames };
}

void press_fini(struct press *p)
{
    free(p->entries);
    p->entries = NULL;
    p->count = 0;
}

/* Decimal digits at *at, moved past them. */
static bool take_number(const char **at, u64 *out)
{
    u64 v = 0;

    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (v > UINT32_MAX) /* years of frames, and no overflow in from + count */
            return false;
        v = v * 10 + (u64)(**at - '0');
    }
    *out = v;
    return true;
}

static int parse_buttons(struct press_entry *entry, const char *at, size_t len, const char *text,
                         struct err *e)
{
    for (;;) {
        size_t part = 0;
        unsigned pad = 0;
        int bit;

        if (len > 2 && at[1] == '.' && (at[0] == '1' || at[0] == '2')) {
            pad = (unsigned)(at[0] - '1');
            at += 2;
            len -= 2;
        }
        while (part < len && at[part] != '+')
            part++;
        bit = pad_button_find(at, part);
        if (bit < 0)
            return err_set(e, ERR_USAGE,
                           "'%s': no button '%.*s' (A B Select Start Up Down Left Right, with + "
                           "between; 2. in front for the second controller)",
                           text, (int)part, at);
        entry->buttons[pad] |= 1U << bit;
        if (part == len)
            return 0;
        at += part + 1;
        len -= part + 1;
    }
}

int press_add(struct press *p, const char *text, struct err *e)
{
    struct press_entry entry = { 0 }, *grown;
    const char *at = text;
    u64 count = 1;
    size_t len;
    int r;

    if (!take_number(&at, &entry.from) || *at != ':')
        return err_set(e, ERR_USAGE, "'%s': not FRAME:BUTTONS[:COUNT] (like 120:Start:6)", text);
    at++;
    len = strcspn(at, ":");
    r = parse_buttons(&entry, at, len, text, e);
    if (r)
        return r;
    at += len;
    if (*at == ':') {
        at++;
        if (!take_number(&at, &count) || *at || !count)
            return err_set(e, ERR_USAGE, "'%s': COUNT is a number of frames, 1 or more", text);
    }
    entry.to = entry.from + count;
    grown = realloc(p->entries, (p->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "'%s'", text);
    p->entries = grown;
    p->entries[p->count++] = entry;
    return 0;
}
