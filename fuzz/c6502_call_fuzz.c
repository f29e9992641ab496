/* The 6502v's calls. The input is a stream of them: a byte for the number, A, X, Y, the parameter
 * stack's pointer, and four words put where it points. The host's side is made of the same stream:
 * how much arrives, what an open or a write answers. */
#include "fuzz/target.h"
#include "kinds/nes/c6502.h"
#include "kinds/nes/nes_kind.h"

enum { IMAGE_BYTES = 4 + 0x6000 };

struct host {
    struct char_port console, diagnostics;
    struct files_port files;
    const u8 *at, *end;
};

static u8 next(struct host *h)
{
    return h->at < h->end ? *h->at++ : 0;
}

/* Every byte is read, so that a sanitizer sees one that is not there. */
static void look_at(const void *bytes, size_t len)
{
    const u8 *b = bytes;
    volatile u8 sum = 0;

    for (size_t i = 0; i < len; i++)
        sum ^= b[i];
    (void)sum;
}

static size_t console_send(struct char_port *p, const void *bytes, size_t len)
{
    look_at(bytes, len);
    return next(container_of(p, struct host, console)) & 1 ? len : 0;
}

static size_t diagnostics_send(struct char_port *p, const void *bytes, size_t len)
{
    (void)p;
    look_at(bytes, len);
    return len;
}

static long some(struct host *h, void *bytes, size_t room, bool none)
{
    size_t n = next(h) * 300u;

    if (none && n > 60000)
        return -1;
    n = n < room ? n : room;
    memset(bytes, next(h), n);
    return (long)n;
}

static long console_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    must(room && wait);
    return some(container_of(p, struct host, console), bytes, room, true);
}

static int files_open(struct files_port *p, const char *path, unsigned flags, struct err *why)
{
    int answer = next(container_of(p, struct host, files));

    must(strlen(path) < 1024 && flags < 64 && (flags & (FILE_READ | FILE_WRITE)));
    if (answer >= 64)
        return err_set(why, ERR_STATE, "no"), -1;
    return answer;
}

static int files_close(struct files_port *p, int fd)
{
    must(fd >= 0 && fd <= 0xffff - 3);
    return next(container_of(p, struct host, files)) & 1 ? -1 : 0;
}

static long files_read(struct files_port *p, int fd, void *bytes, size_t room)
{
    must(fd >= 0 && room <= 0xffff);
    return some(container_of(p, struct host, files), bytes, room, true);
}

static long files_write(struct files_port *p, int fd, const void *bytes, size_t len)
{
    must(fd >= 0 && len <= 0xffff);
    look_at(bytes, len);
    return next(container_of(p, struct host, files)) & 1 ? (long)len : -1;
}

static const struct char_ops console_ops = { .send = console_send, .recv = console_recv };
static const struct char_ops diagnostics_ops = { .send = diagnostics_send };
static const struct files_ops files_ops = { files_open, files_close, files_read, files_write };

static u16 word(struct c6502 *n, u16 at)
{
    return (u16)(c6502_load(n, at) | c6502_load(n, (u16)(at + 1)) << 8);
}

/* One call; false when it ended the program. */
static bool call(struct c6502 *n, struct host *h)
{
    static const u8 popped[] = { 0, 0, 4, 0, 4, 4, 0, 0 };
    u8 nr = next(h) % 9;
    struct mos6502 before;
    u16 sp;
    bool on;

    n->cpu.a = next(h);
    n->cpu.x = next(h);
    n->cpu.y = next(h);
    for (unsigned i = 0; i < 2; i++)
        c6502_store(n, (u16)i, next(h));
    sp = word(n, 0);
    for (unsigned i = 0; i < 8; i++)
        c6502_store(n, (u16)(sp + i), next(h));
    sp = word(n, 0); /* they may have been put onto the pointer itself */
    before = n->cpu;
    on = c6502_call(n, nr);
    must(n->cpu.y == before.y && n->cpu.s == before.s && n->cpu.p == before.p);
    if (on)
        must(n->cpu.pc == before.pc && !n->end);
    else
        must(n->end || nr == 4); /* a READ that waits */
    /* All arguments are popped. READ may write over the pointer, ARGS moves it down, and the words
     * may lie on it. */
    if (on && nr != 0 && nr != 4 && sp >= 2 && sp < 0xfff0)
        must(word(n, 0) == (u16)(sp + popped[nr] + (nr == 2 && before.y > 4 ? before.y - 4 : 0)));
    if (!on && !n->end)
        n->cpu.pc = before.pc;
    return !n->end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static u8 image[IMAGE_BYTES];
    static const char *const arguments[] = { "", "an argument", "x" };
    struct host h = {
        { &console_ops }, { &diagnostics_ops }, { &files_ops, NULL }, data, data + size
    };
    const struct ports ports = { .console = &h.console,
                                 .diagnostics = &h.diagnostics,
                                 .files = next(&h) & 1 ? &h.files : NULL };
    struct config c = { .name = "fuzz",
                        .image = image,
                        .image_bytes = sizeof image,
                        .argc = next(&h) % 4,
                        .argv = arguments };
    struct machine *m;
    struct c6502 *n;
    struct err e;

    memcpy(image, "HKNS", 4);
    memset(image + 4, 0xea, sizeof image - 4);
    must(!nes_kind.create(&nes_kind, &c, &ports, &m, &e));
    n = container_of(m, struct c6502, machine);
    while (h.at < h.end && call(n, &h))
        ;
    must(!memcmp(n->rom.bytes, image + 4, sizeof image - 4));
    nes_kind.destroy(m);
    return 0;
}
