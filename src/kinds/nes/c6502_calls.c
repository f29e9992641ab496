/* VMCALL: the 6502v's way out. Arguments are as cc65 passes them: the last in A and X, the others
 * on its parameter stack, which the call pops (docs/formats/6502v.md). */
#include "kinds/nes/c6502.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SP             0x00 /* zero page: cc65's parameter stack pointer */
#define PATH_MAX_BYTES 1024

static u16 load16(const struct c6502 *n, u16 addr)
{
    return (u16)(c6502_load(n, addr) | c6502_load(n, (u16)(addr + 1)) << 8);
}

static void store16(struct c6502 *n, u16 addr, u16 v)
{
    c6502_store(n, addr, (u8)v);
    c6502_store(n, (u16)(addr + 1), (u8)(v >> 8));
}

static u16 pop(struct c6502 *n)
{
    u16 sp = load16(n, SP);

    store16(n, SP, (u16)(sp + 2));
    return load16(n, sp);
}

static u16 argument(const struct c6502 *n)
{
    return (u16)(n->cpu.a | n->cpu.x << 8);
}

static void result(struct c6502 *n, long v)
{
    n->cpu.a = (u8)v;
    n->cpu.x = (u8)(v >> 8);
}

static void say(struct c6502 *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct c6502 *n, const char *fmt, ...)
{
    struct char_port *p = n->machine.ports.diagnostics;
    char line[PATH_MAX_BYTES + 160];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (p && len > 0)
        p->ops->send(p, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

static void call_args(struct c6502 *n)
{
    u16 sp = load16(n, SP), array = (u16)(sp - 2 * (n->argc + 1)), at = array;
    const u8 *from = n->arguments;

    store16(n, argument(n), array);
    for (unsigned i = 0; i < n->argc; i++) {
        size_t len = strlen((const char *)from) + 1;

        at = (u16)(at - len);
        for (size_t k = 0; k < len; k++)
            c6502_store(n, (u16)(at + k), *from++);
        store16(n, (u16)(array + 2 * i), at);
    }
    store16(n, (u16)(array + 2 * n->argc), 0);
    store16(n, SP, at);
    result(n, (long)n->argc);
}

/* cc65's fcntl.h values to the port's. */
static unsigned open_flags(u16 guest)
{
    unsigned f = guest & 3 ? (guest & 1 ? FILE_READ : 0) | (guest & 2 ? FILE_WRITE : 0) : FILE_READ;

    f |= guest & 0x10 ? FILE_CREATE : 0;
    f |= guest & 0x20 ? FILE_TRUNCATE : 0;
    f |= guest & 0x40 ? FILE_APPEND : 0;
    return f | (guest & 0x80 ? FILE_EXCLUSIVE : 0);
}

static bool load_path(const struct c6502 *n, u16 addr, char *path)
{
    for (unsigned i = 0; i < PATH_MAX_BYTES; i++)
        if (!(path[i] = (char)c6502_load(n, (u16)(addr + i))))
            return true;
    return false;
}

static void call_open(struct c6502 *n)
{
    struct files_port *p = n->machine.ports.files;
    char path[PATH_MAX_BYTES];
    struct err why;
    u16 flags, name;
    int fd = -1;

    if (n->cpu.y > 4) /* the mode, which nobody looks at */
        store16(n, SP, (u16)(load16(n, SP) + n->cpu.y - 4));
    flags = pop(n);
    name = pop(n);
    if (!load_path(n, name, path))
        say(n, "OPEN: the name has more than %d bytes\n", PATH_MAX_BYTES - 1);
    else if (!p)
        say(n, "OPEN %s: refused: no directory is shared with the program (use --share DIR)\n",
            path);
    else if ((fd = p->ops->open(p, path, open_flags(flags), &why)) < 0)
        say(n, "OPEN %s, flags $%02X: %s\n", path, flags, why.text);
    result(n, fd < 0 || fd > 0x7fff - 3 ? -1 : fd + 3);
}

static void call_close(struct c6502 *n)
{
    struct files_port *p = n->machine.ports.files;
    u16 fd = argument(n);

    if (fd < 3) /* the console stays open */
        result(n, 0);
    else
        result(n, p ? p->ops->close(p, fd - 3) : -1);
}

/* Waits for the console. A recv() that comes back with nothing was woken: then the call is taken
 * back, and made again when the machine runs on. */
static bool call_read(struct c6502 *n)
{
    struct ports *ports = &n->machine.ports;
    u16 sp = load16(n, SP), count = argument(n), buffer = pop(n), fd = pop(n);
    u8 bytes[0x10000];
    long got = -1;

    if (fd == 0 && (!count || !ports->console))
        got = 0;
    else if (fd == 0) {
        got = ports->console->ops->recv(ports->console, bytes, count, true);
        if (!got) {
            store16(n, SP, sp);
            n->cpu.pc = (u16)(n->cpu.pc - 2);
            n->cpu.clk -= 2;
            return false;
        }
        if (got < 0) /* the port's word for the end; the guest's is 0 */
            got = 0;
    } else if (fd >= 3 && ports->files)
        got = ports->files->ops->read(ports->files, fd - 3, bytes, count);
    for (long i = 0; i < got; i++)
        c6502_store(n, (u16)(buffer + i), bytes[i]);
    result(n, got);
    return true;
}

static void call_write(struct c6502 *n)
{
    struct ports *ports = &n->machine.ports;
    u16 count = argument(n), buffer = pop(n), fd = pop(n);
    u8 bytes[0x10000];
    long put = -1;

    for (unsigned i = 0; i < count; i++)
        bytes[i] = c6502_load(n, (u16)(buffer + i));
    if (fd == 1 || fd == 2) {
        struct char_port *p = fd == 1 ? ports->console : ports->diagnostics;

        put = p ? (long)p->ops->send(p, bytes, count) : count;
        if (!put && count)
            put = -1;
    } else if (fd >= 3 && ports->files) {
        put = ports->files->ops->write(ports->files, fd - 3, bytes, count);
    }
    result(n, put);
}

static void call_dump(struct c6502 *n)
{
    struct char_port *p = n->machine.ports.console;
    const struct mos6502 *c = &n->cpu;
    char line[160];
    int len;

    len = snprintf(line, sizeof line,
                   "EXIT STATE:\nPC: 0x%04x\nSP: 0x%04x\n A: 0x%02x\n X: 0x%02x\n Y: 0x%02x\n"
                   " P: 0x%02x\n",
                   c->pc, c->s, c->a, c->x, c->y, c->p | FLAG_B);
    for (unsigned at = 0; at <= 0x3000; at += 4) {
        if (p)
            p->ops->send(p, line, (size_t)len);
        len = snprintf(line, sizeof line, "  $%04x: %02x %02x %02x %02x\n", at,
                       c6502_load(n, (u16)at), c6502_load(n, (u16)(at + 1)),
                       c6502_load(n, (u16)(at + 2)), c6502_load(n, (u16)(at + 3)));
    }
}

bool c6502_call(struct c6502 *n, u8 nr)
{
    n->machine.now = n->cpu.clk - 2; /* of the instruction: what READ goes back to */
    switch (nr) {
    case 0: call_args(n); return true;
    case 1: n->end = C6502_EXIT; return false;
    case 2: call_open(n); return true;
    case 3: call_close(n); return true;
    case 4: return call_read(n);
    case 5: call_write(n); return true;
    case 6: say(n, "BREAK at $%04X\n", (u16)(n->cpu.pc - 2)); return true;
    case 7:
        call_dump(n);
        n->end = C6502_DUMP;
        return false;
    default:
        n->cpu.pc = (u16)(n->cpu.pc - 2);
        n->end = C6502_UNKNOWN;
        return false;
    }
}
