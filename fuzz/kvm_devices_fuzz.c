/* The devices of the board `micro`, as a guest drives them that writes rubbish to every port: three
 * bytes an action (which device and register, value, milliseconds that pass). */
#include "fuzz/target.h"
#include "kinds/kvm/i8259.h"
#include "kinds/kvm/interval_timer.h"
#include "kinds/kvm/keyboard.h"
#include "kinds/kvm/line_console.h"

struct rig {
    struct char_port port;
    struct line_console console;
    struct keyboard keyboard;
    struct interval_timer timer;
    struct i8259 pic;
    u64 now_ns;
    const u8 *keys, *end;
    size_t printed, sent;
};

static size_t take(struct char_port *p, const void *bytes, size_t len)
{
    struct rig *r = container_of(p, struct rig, port);

    must(len && len <= LINE_BYTES);
    for (size_t i = 0; i < len; i++) {
        u8 b = ((const u8 *)bytes)[i];

        must(b == '\n' ? i == len - 1 : b >= 0x20 && b < 0x7f);
    }
    r->sent += len;
    return len;
}

static long give(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct rig *r = container_of(p, struct rig, port);

    must(room == 1 && !wait);
    if (r->keys == r->end)
        return -1;
    if (*r->keys++ & 1) /* nothing now */
        return 0;
    *(u8 *)bytes = r->keys[-1];
    return 1;
}
static const struct char_ops ops = { .send = take, .recv = give };

static void write_one(struct rig *r, unsigned where, u8 v)
{
    switch (where) {
    case 0: i8259_write(&r->pic, 0, v); break;
    case 1: i8259_write(&r->pic, 1, v); break;
    case 2:
        r->printed += v == '\n' || (v >= 0x20 && v < 0x7f);
        line_console_write(&r->console, v);
        break;
    case 3: keyboard_write_status(&r->keyboard, v); break;
    case 4: interval_timer_set_period(&r->timer, v & 0x80 ? v * 0x01010101u : v, r->now_ns); break;
    default: interval_timer_write(&r->timer, v, r->now_ns); break;
    }
}

static void read_one(struct rig *r, unsigned where)
{
    switch (where) {
    case 0: i8259_read(&r->pic, 0); break;
    case 1: must(i8259_read(&r->pic, 1) == r->pic.mask); break;
    case 2: keyboard_key(&r->keyboard); break;
    case 3: must(keyboard_status(&r->keyboard) == r->keyboard.waiting); break;
    case 4: interval_timer_look(&r->timer, r->now_ns); break;
    default: must(interval_timer_read(&r->timer, r->now_ns) >> 1 == r->timer.fired); break;
    }
}

/* What holds whatever the guest does. */
static void check(struct rig *r)
{
    int line;

    interval_timer_look(&r->timer, r->now_ns);
    must(r->console.used <= LINE_BYTES && r->printed == r->sent + r->console.used);
    must((r->pic.lines & 1) == r->timer.fired);
    must((r->pic.lines >> 1 & 1) == r->keyboard.waiting);
    must(!(r->pic.lines & ~3) && !(r->pic.request & ~r->pic.lines));
    must(interval_timer_due(&r->timer) > r->now_ns);
    line = i8259_pending(&r->pic);
    if (line < 0)
        return;
    must(r->pic.request >> line & 1 && !(r->pic.mask >> line & 1));
    must(i8259_acknowledge(&r->pic) == r->pic.base + line);
    must(i8259_pending(&r->pic) != line);
}

int LLVMFuzzerTestOneInput(const u8 *in, size_t len)
{
    struct rig r = { .port.ops = &ops, .keys = in, .end = in + len };

    r.console.out = r.keyboard.in = &r.port;
    r.keyboard.irq = (struct line) { i8259_line, &r.pic, 1 };
    r.timer.irq = (struct line) { i8259_line, &r.pic, 0 };
    for (; len >= 3; in += 3, len -= 3) {
        r.now_ns += in[2] * 1000003ull;
        if (in[0] & 8)
            read_one(&r, (in[0] & 7) % 6);
        else
            write_one(&r, (in[0] & 7) % 6, in[1]);
        check(&r);
    }
    return 0;
}
