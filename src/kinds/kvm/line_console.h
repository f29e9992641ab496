/* The course's console device: bytes that can be printed are collected into a line, which goes out
 * when the newline comes. A model: it knows neither its bus nor where the lines go. */
#ifndef KVM_LINE_CONSOLE_H
#define KVM_LINE_CONSOLE_H

#include "mach/field.h"
#include "mach/port.h"

enum { LINE_BYTES = 1024 };

/* clang-format off */
#define LINE_CONSOLE(F, A, E, G, H)                                     \
    F(STATE, u16, used, "bytes of the line so far", 0, LINE_BYTES)      \
    A(STATE, u8, line, LINE_BYTES, "the line, which no one has seen yet")
/* clang-format on */
struct line_console {
    FIELD_MEMBERS(LINE_CONSOLE)
    struct char_port *out; /* borrowed; NULL: nowhere */
};

const struct fields *line_console_fields(void);

/* Other bytes than newline and printable ASCII are dropped. A line that is too long goes out in
 * pieces. */
void line_console_write(struct line_console *c, u8 byte);

#endif
