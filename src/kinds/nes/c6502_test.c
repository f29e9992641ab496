/* The 6502v as a machine: its memory, its ports, waiting and being woken, and its state saved,
 * loaded and damaged. What a program sees of the calls is in tests/cli/c6502.bats. */
#include "kinds/nes/c6502.h"
#include "kinds/nes/nes_kind.h"
#include "mach/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 4 + 0x6000 };

/* ---- the host's side, made of memory ---- */

struct fake_console {
    struct char_port port;
    char out[8192];
    size_t used;
    const char *in; /* what comes, NULL for the end; "" for nothing yet */
};

static size_t fake_send(struct char_port *p, const void *bytes, size_t len)
{
    struct fake_console *c = container_of(p, struct fake_console, port);
    size_t n = len < sizeof c->out - 1 - c->used ? len : sizeof c->out - 1 - c->used;

    memcpy(c->out + c->used, bytes, n);
    c->used += n;
    c->out[c->used] = 0;
    return len;
}

static long fake_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct fake_console *c = container_of(p, struct fake_console, port);
    size_t n;

    assert_true(wait && room > 0);
    if (!c->in)
        return -1;
    n = strlen(c->in) < room ? strlen(c->in) : room;
    memcpy(bytes, c->in, n);
    c->in += n;
    return (long)n;
}

static const struct char_ops fake_char_ops = { .send = fake_send, .recv = fake_recv };

struct fake_files {
    struct files_port port;
    char path[1024];
    unsigned flags;
    int answer;
};

static int fake_open(struct files_port *p, const char *path, unsigned flags, struct err *why)
{
    struct fake_files *f = container_of(p, struct fake_files, port);

    snprintf(f->path, sizeof f->path, "%s", path);
    f->flags = flags;
    if (f->answer < 0)
        err_set(why, ERR_STATE, "no");
    return f->answer;
}

static int fake_close(struct files_port *p, int fd)
{
    return fd == container_of(p, struct fake_files, port)->answer ? 0 : -1;
}

static long fake_read(struct files_port *p, int fd, void *bytes, size_t room)
{
    (void)p;
    memset(bytes, fd, room);
    return room > 3 ? 3 : (long)room;
}

static long fake_write(struct files_port *p, int fd, const void *bytes, size_t len)
{
    (void)p;
    (void)bytes;
    return fd == 1 ? (long)len : -1;
}

static const struct files_ops fake_files_ops = { fake_open, fake_close, fake_read, fake_write };

struct host {
    struct fake_console console, diagnostics;
    struct fake_files files;
    struct ports ports;
};

static struct host *host_make(void)
{
    struct host *h = calloc(1, sizeof *h);

    assert_non_null(h);
    h->console.port.ops = h->diagnostics.port.ops = &fake_char_ops;
    h->files.port.ops = &fake_files_ops;
    h->ports = (struct ports) { .console = &h->console.port,
                                .diagnostics = &h->diagnostics.port,
                                .files = &h->files.port };
    return h;
}

/* ---- machines ---- */

static u8 image[IMAGE_BYTES];

/* The program stands at $A000, where RESET, NMI and IRQ point. */
static struct c6502 *boot(const u8 *program, size_t bytes, const struct ports *ports)
{
    struct config c = { .name = "test", .image = image, .image_bytes = sizeof image };
    struct machine *m;
    struct err e;

    memset(image, 0xea, sizeof image);
    memcpy(image, "HKNS", 4);
    memcpy(image + 4, program, bytes);
    for (unsigned i = 0; i < 3; i++)
        memcpy(image + 4 + 0x5ffa + 2 * i, "\0\xa0", 2);
    assert_int_equal(nes_kind.create(&nes_kind, &c, ports, &m, &e), 0);
    assert_string_equal(m->board, C6502_BOARD);
    return container_of(m, struct c6502, machine);
}
#define BOOT(ports, ...) \
    boot((const u8[]) { __VA_ARGS__ }, sizeof((const u8[]) { __VA_ARGS__ }), ports)

static void end(struct c6502 *n, struct host *h)
{
    nes_kind.destroy(&n->machine);
    free(h);
}

static enum stop run(struct c6502 *n, u64 cycles, struct stop_info *info)
{
    return nes_kind.run(&n->machine, n->machine.now + cycles, info);
}

/* Instructions that put a word on the parameter stack at `at` and below, from the zero page's
 * point of view: sets memory, not registers. */
#define STORE(value, addr) 0xa9, (value), 0x8d, (addr)&0xff, (addr) >> 8
#define AX(value)          0xa9, (value)&0xff, 0xa2, (value) >> 8

/* ---- tests ---- */

static void has_its_memory_map(void **state)
{
    struct c6502 *n = BOOT(NULL, 0xea);
    struct cpu *c = n->machine.cpus;
    u8 b[4], five = 5;

    (void)state;
    assert_true(nes_kind.peek(c, CPU_VIRTUAL, 0x7fff, b, 2)); /* RAM, the I/O window */
    assert_int_equal(b[0], 0xff);
    assert_int_equal(b[1], 0xff);
    n->cpu.bus = 0x12;
    assert_true(nes_kind.peek(c, CPU_VIRTUAL, 0x9ffe, b, 4));
    assert_memory_equal(b, "\x12\x12\xea\xea", 4);
    assert_false(nes_kind.peek(c, CPU_VIRTUAL, 0xfffe, b, 4));
    assert_false(nes_kind.peek(c, CPU_VIRTUAL, 0x10000, b, 1));
    assert_true(nes_kind.poke(c, CPU_VIRTUAL, 0x7fff, &five, 1));
    assert_false(nes_kind.poke(c, CPU_VIRTUAL, 0x8000, &five, 1));
    assert_false(nes_kind.poke(c, CPU_VIRTUAL, 0xa000, &five, 1));
    assert_int_equal(c6502_load(n, 0x7fff), 5);
    assert_int_equal(n->machine.now, 8); /* what a reset takes */
    end(n, NULL);
}

static void steps_and_disassembles(void **state)
{
    struct host *h = host_make();
    struct c6502 *n = BOOT(&h->ports, 0xa9, 0x01, 0x80, 0x06, 0x80, 0x99);
    struct cpu *c = n->machine.cpus;
    struct stop_info info;
    char text[32];

    (void)state;
    assert_int_equal(nes_kind.disassemble(c, 0xa000, text, sizeof text), 2);
    assert_string_equal(text, "LDA #$01");
    assert_int_equal(nes_kind.disassemble(c, 0xa002, text, sizeof text), 2);
    assert_string_equal(text, "VMCALL $06");
    assert_int_equal(nes_kind.disassemble(c, 0x10000, text, sizeof text), 0);
    assert_int_equal(nes_kind.step(&n->machine, c, &info), STOP_TIME);
    assert_int_equal(n->cpu.pc, 0xa002);
    assert_int_equal(n->machine.now, 10);
    assert_int_equal(nes_kind.step(&n->machine, c, &info), STOP_TIME);
    assert_string_equal(h->diagnostics.out, "BREAK at $A002\n");
    assert_int_equal(n->machine.now, 12);
    assert_int_equal(nes_kind.step(&n->machine, c, &info), STOP_FAULT);
    assert_string_equal(info.text, "unknown call at $A004: 80 99");
    assert_int_equal(info.address, 0xa004);
    assert_int_equal(info.status, 1);
    assert_int_equal(run(n, 10, &info), STOP_FAULT); /* it stays ended */
    end(n, h);
}

static void runs_in_slices(void **state)
{
    struct c6502 *n = BOOT(NULL, 0xee, 0x00, 0x02, 0x4c, 0x00, 0xa0); /* INC $0200; JMP */
    struct stop_info info;

    (void)state;
    assert_int_equal(nes_kind.run(&n->machine, 8 + 9 * 1000, &info), STOP_TIME);
    assert_int_equal(n->machine.now, 8 + 9 * 1000);
    assert_int_equal(c6502_load(n, 0x200), (0xff + 1000) & 0xff);
    nes_kind.run(&n->machine, n->machine.now + 1, &info); /* to the end of an instruction */
    assert_int_equal(n->machine.now, 8 + 9 * 1000 + 6);
    nes_kind.run(&n->machine, 5, &info); /* the past */
    assert_int_equal(n->machine.now, 8 + 9 * 1000 + 6);
    end(n, NULL);
}

static void a_kick_ends_a_run_also_before_it_starts(void **state)
{
    struct c6502 *n = BOOT(NULL, 0x4c, 0x00, 0xa0);
    struct stop_info info;

    (void)state;
    nes_kind.kick(&n->machine);
    assert_int_equal(run(n, 1000, &info), STOP_KICK);
    assert_int_equal(n->machine.now, 8);
    assert_int_equal(run(n, 1000, &info), STOP_TIME);
    end(n, NULL);
}

/* READ of 16 bytes to $0400 from descriptor 0, then EXIT. The parameter stack starts at $0EFC. */
#define READ_PROGRAM                                                                    \
    STORE(0xfc, 0x0000), STORE(0x0e, 0x0001), STORE(0x00, 0x0efc), STORE(0x04, 0x0efd), \
        STORE(0x00, 0x0efe), STORE(0x00, 0x0eff), AX(16), 0x80, 0x04, 0x8d, 0x20, 0x00, 0x80, 0x01

static void a_read_that_has_to_wait_has_not_happened(void **state)
{
    struct host *h = host_make();
    struct c6502 *n = BOOT(&h->ports, READ_PROGRAM);
    struct stop_info info;
    struct mos6502 before;

    (void)state;
    h->console.in = "";
    assert_int_equal(run(n, 10000, &info), STOP_IDLE);
    before = n->cpu;
    assert_int_equal(c6502_load(n, before.pc), C6502_VMCALL);
    assert_int_equal(c6502_load(n, 0), 0xfc); /* nothing is popped */
    assert_int_equal(run(n, 10000, &info), STOP_IDLE);
    assert_memory_equal(&n->cpu, &before, sizeof before);
    nes_kind.kick(&n->machine);
    assert_int_equal(run(n, 10000, &info), STOP_KICK);
    h->console.in = "hello";
    assert_int_equal(run(n, 10000, &info), STOP_HALT);
    assert_int_equal(info.status, 5);
    assert_int_equal(c6502_load(n, 0x0404), 'o');
    assert_int_equal(c6502_load(n, 0x0405), 0xff);
    assert_int_equal(c6502_load(n, 0) | c6502_load(n, 1) << 8, 0x0f00);
    end(n, h);
}

static void lives_without_a_host(void **state)
{
    struct c6502 *n = BOOT(NULL, READ_PROGRAM);
    struct stop_info info;

    (void)state;
    assert_int_equal(run(n, 10000, &info), STOP_HALT);
    assert_int_equal(info.status, 0); /* the end of input */
    end(n, NULL);
}

static void open_reaches_the_port(void **state)
{
    /* name at $0EFE, flags $91 at $0EFC, mode at $0EFA; Y is 6 */
    static const u8 program[] = { STORE(0xfa, 0x0000),
                                  STORE(0x0e, 0x0001),
                                  STORE(0x91, 0x0efc),
                                  STORE(0x00, 0x0efd),
                                  STORE(0x00, 0x0efe),
                                  STORE(0x03, 0x0eff),
                                  STORE('f', 0x0300),
                                  STORE(0x00, 0x0301),
                                  0xa0,
                                  0x06,
                                  0x80,
                                  0x02,
                                  0x80,
                                  0x01 };
    struct host *h = host_make();
    struct c6502 *n;
    struct stop_info info;

    (void)state;
    h->files.answer = 4;
    n = boot(program, sizeof program, &h->ports);
    assert_int_equal(run(n, 10000, &info), STOP_HALT);
    assert_int_equal(info.status, 7);
    assert_string_equal(h->files.path, "f");
    assert_int_equal(h->files.flags, FILE_READ | FILE_CREATE | FILE_EXCLUSIVE);
    assert_int_equal(c6502_load(n, 0) | c6502_load(n, 1) << 8, 0x0f00);
    nes_kind.destroy(&n->machine);
    h->files.answer = -1;
    n = boot(program, sizeof program, &h->ports);
    assert_int_equal(run(n, 10000, &info), STOP_HALT);
    assert_int_equal(info.status, 0xff);
    assert_string_equal(h->diagnostics.out, "OPEN f, flags $91: no\n");
    end(n, h);
}

static void refuses_images(void **state)
{
    struct config c = { .name = "x", .image = image, .image_bytes = IMAGE_BYTES - 1 };
    struct image_info info;
    struct machine *m = NULL;
    struct err e;

    (void)state;
    memcpy(image, "HKNS", 4);
    assert_int_equal(nes_kind.create(&nes_kind, &c, NULL, &m, &e), -ERR_FORMAT);
    assert_string_equal(e.text, "cut short: a 6502v program has 24580 bytes, the file 24579");
    assert_int_equal(nes_kind.describe(&c, &info, &e), -ERR_FORMAT);
    assert_null(m);
}

/* ---- state ---- */

static struct c6502 *with_arguments(const struct ports *ports)
{
    static const char *const arguments[] = { "one", "", "three" };
    struct config c = {
        .name = "x", .image = image, .image_bytes = sizeof image, .argc = 3, .argv = arguments
    };
    struct machine *m;
    struct err e;

    assert_int_equal(nes_kind.create(&nes_kind, &c, ports, &m, &e), 0);
    return container_of(m, struct c6502, machine);
}

static u64 random_state = 0x6502;

static unsigned any(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17; /* xorshift64 (Marsaglia) */
    return (unsigned)((random_state >> 32) % below);
}

/* A program that works without an end: official opcodes that stay where they are, and ARGS. */
static void random_image(void)
{
    static const u8 one[] = { 0x0a, 0x18, 0x2a, 0x38, 0x48, 0x4a, 0x68, 0x6a, 0x88, 0x8a,
                              0x98, 0xa8, 0xaa, 0xb8, 0xc8, 0xca, 0xd8, 0xe8, 0xf8 };
    static const u8 two[] = { 0x05, 0x25, 0x45, 0x65, 0x85, 0xa5, 0xe5, 0x69, 0xe9, 0x91, 0xb1,
                              0x81, 0xa1, 0xc6, 0xe6, 0x06, 0x46, 0x95, 0xb5, 0x10, 0x30, 0x90 };
    u8 *at = image + 4, *stop = image + 4 + 0x5f00;

    memset(image, 0xea, sizeof image);
    memcpy(image, "HKNS", 4);
    while (at < stop) {
        if (!any(200)) {
            *at++ = C6502_VMCALL;
            *at++ = 0;
        } else if (any(2)) {
            *at++ = one[any(ARRAY_SIZE(one))];
        } else {
            *at = two[any(ARRAY_SIZE(two))];
            at[1] = (*at & 0x1f) == 0x10 ? 0 : (u8)any(256); /* branches to what follows */
            at += 2;
        }
    }
    memcpy(at, "\x4c\0\xa0", 3);
    memcpy(image + 4 + 0x5ffc, "\0\xa0", 2);
}

static u8 *saved(struct c6502 *n, size_t *len)
{
    u8 *bytes = malloc(*len = machine_save(&n->machine, NULL));

    assert_non_null(bytes);
    machine_save(&n->machine, bytes);
    return bytes;
}

static bool differ(struct c6502 *a, struct c6502 *b)
{
    char what[480];

    return machine_differs(&a->machine, &b->machine, what, sizeof what);
}

static void saving_loses_nothing(void **state)
{
    struct c6502 *a, *b;
    struct stop_info info;
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        random_image();
        a = with_arguments(NULL);
        run(a, 5000 + any(5000), &info);
        bytes = saved(a, &len);
        b = with_arguments(NULL);
        assert_true(differ(a, b));
        assert_int_equal(machine_load(&b->machine, bytes, len, &e), 0);
        assert_false(differ(a, b));
        free(bytes);
        end(a, NULL);
        end(b, NULL);
    }
}

static void a_loaded_machine_runs_on_as_the_first(void **state)
{
    struct c6502 *whole, *half, *other;
    struct stop_info info;
    struct err e;
    size_t len;
    u8 *image_half;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        u64 cut = 8 + any(20000);

        random_image();
        whole = with_arguments(NULL);
        half = with_arguments(NULL);
        other = with_arguments(NULL);
        assert_int_equal(nes_kind.run(&whole->machine, 40000, &info), STOP_TIME);
        nes_kind.run(&half->machine, cut, &info);
        image_half = saved(half, &len);
        assert_int_equal(machine_load(&other->machine, image_half, len, &e), 0);
        assert_int_equal(other->machine.now, half->machine.now);
        nes_kind.run(&other->machine, 40000, &info);
        assert_false(differ(whole, other));
        free(image_half);
        end(whole, NULL);
        end(half, NULL);
        end(other, NULL);
    }
}

/* Bits are turned over in the part of an image that is not RAM: it is refused, or does no harm. */
static void a_damaged_image_does_no_harm(void **state)
{
    struct host *h = host_make();
    struct stop_info info;
    unsigned refused = 0;
    struct c6502 *n;
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    random_image();
    n = with_arguments(&h->ports);
    run(n, 3000, &info);
    bytes = saved(n, &len);
    for (unsigned i = 0; i < 3000; i++) {
        size_t at = any((unsigned)(len - n->ram.size_bytes));
        u8 bit = (u8)(1 << any(8));

        bytes[at] ^= bit;
        if (machine_load(&n->machine, bytes, len, &e))
            refused++;
        else
            run(n, 2000, &info);
        bytes[at] ^= bit;
    }
    assert_true(refused > 100);
    assert_int_equal(machine_load(&n->machine, bytes, len, &e), 0);
    free(bytes);
    end(n, h);
}

static void impossible_values_are_refused(void **state)
{
    struct c6502 *n;
    struct err e;

    (void)state;
    random_image();
    n = with_arguments(NULL);
    n->argc++;
    assert_int_equal(component_loaded(&n->machine.root, &e), -ERR_FORMAT);
    n->argc--;
    n->argument_bytes = 9;
    assert_int_equal(component_loaded(&n->machine.root, &e), -ERR_FORMAT); /* the NUL is cut off */
    n->argument_bytes = 11;
    assert_int_equal(component_loaded(&n->machine.root, &e), 0);
    end(n, NULL);
}

static void the_clock_ends_where_it_can_be_saved(void **state)
{
    struct c6502 *n;
    struct stop_info info;
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    random_image();
    n = with_arguments(NULL);
    n->cpu.clk = CLK_END - 10;
    assert_int_equal(component_loaded(&n->machine.root, &e), 0);
    assert_int_equal(nes_kind.run(&n->machine, UINT64_MAX, &info), STOP_TIME);
    assert_true(n->machine.now >= CLK_END && n->machine.now < CLK_END + 8);
    assert_int_equal(nes_kind.run(&n->machine, UINT64_MAX, &info), STOP_FAULT);
    assert_true(info.text[0]);
    assert_int_equal(nes_kind.step(&n->machine, n->machine.cpus, NULL), STOP_FAULT);
    bytes = saved(n, &len);
    assert_int_equal(machine_load(&n->machine, bytes, len, &e), 0);
    free(bytes);
    end(n, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_memory_map),
        cmocka_unit_test(steps_and_disassembles),
        cmocka_unit_test(runs_in_slices),
        cmocka_unit_test(a_kick_ends_a_run_also_before_it_starts),
        cmocka_unit_test(a_read_that_has_to_wait_has_not_happened),
        cmocka_unit_test(lives_without_a_host),
        cmocka_unit_test(open_reaches_the_port),
        cmocka_unit_test(refuses_images),
        cmocka_unit_test(saving_loses_nothing),
        cmocka_unit_test(a_loaded_machine_runs_on_as_the_first),
        cmocka_unit_test(a_damaged_image_does_no_harm),
        cmocka_unit_test(impossible_values_are_refused),
        cmocka_unit_test(the_clock_ends_where_it_can_be_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
