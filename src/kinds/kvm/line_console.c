#include "kinds/kvm/line_console.h"

FIELD_TABLE(line_console, 1, LINE_CONSOLE)

static void put_out(struct line_console *c)
{
    if (c->out && c->used)
        c->out->ops->send(c->out, c->line, c->used);
    c->used = 0;
}

void line_console_write(struct line_console *c, u8 byte)
{
    if (byte != '\n' && (byte < 0x20 || byte > 0x7e))
        return;
    if (c->used == LINE_BYTES)
        put_out(c);
    c->line[c->used++] = byte;
    if (byte == '\n')
        put_out(c);
}
