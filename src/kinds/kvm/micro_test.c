/* The board `micro` on the host's KVM: small programs, byte by byte. Without /dev/kvm: skipped. */
#include "kinds/kvm/kvm_kind.h"
#include "kinds/kvm/micro.h"
#include "mach/image.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MS 1000000ull

struct host {
    struct char_port port, diagnostics;
    char out[4096], said[4096];
    const char *in;
};

static size_t host_send(struct char_port *p, const void *bytes, size_t len)
{
    struct host *h = container_of(p, struct host, port);

    strncat(h->out, bytes, len);
    return len;
}

static size_t host_say(struct char_port *p, const void *bytes, size_t len)
{
    struct host *h = container_of(p, struct host, diagnostics);

    strncat(h->said, bytes, len);
    return len;
}

static long host_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    struct host *h = container_of(p, struct host, port);

    if (!h->in)
        return -1;
    if (!*h->in) {
        if (wait) /* as a console does: a signal ends it */
            usleep(1000000);
        return 0;
    }
    (void)room;
    *(char *)bytes = *h->in++;
    return 1;
}

static const struct char_ops host_ops = { .send = host_send, .recv = host_recv };
static const struct char_ops say_ops = { .send = host_say, .recv = NULL };

static struct micro *boot(const u8 *code, size_t bytes, const char *mode, struct host *h)
{
    struct setting settings[] = { { "memory", "1" }, { "mode", mode } };
    struct config c = { .name = "test",
                        .image = code,
                        .image_bytes = bytes,
                        .settings = settings,
                        .setting_count = 2 };
    struct ports ports = { .console = h ? &h->port : NULL,
                           .diagnostics = h ? &h->diagnostics : NULL };
    struct machine *m;
    struct err e;

    if (h) {
        h->port.ops = &host_ops;
        h->diagnostics.ops = &say_ops;
    }
    if (kvm_kind.create(&kvm_kind, &c, &ports, &m, &e))
        fail_msg("%s", e.text);
    return micro_of(m);
}
#define BOOT(mode, h, ...) \
    boot((const u8[]) { __VA_ARGS__ }, sizeof((const u8[]) { __VA_ARGS__ }), mode, h)

static void end(struct micro *n)
{
    kvm_kind.destroy(&n->machine);
}

static enum stop run_ms(struct micro *n, u64 ms, struct stop_info *info)
{
    return kvm_kind.run(&n->machine, n->machine.now + ms * MS, info);
}

#define LOOP 0xeb, 0xfe /* jmp . */

/* ---- ends ---- */

static void a_program_ends_with_its_status(void **state)
{
    static const char *const modes[] = { "real", "protected", "long" };
    struct stop_info info;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        struct micro *n = BOOT(modes[i], NULL, 0xb0, 42, 0xe6, 0xf4, 0xf4);

        assert_int_equal(run_ms(n, 5000, &info), STOP_HALT);
        assert_int_equal(info.status, 42);
        assert_int_equal(run_ms(n, 5000, &info), STOP_HALT); /* it stays ended */
        assert_int_equal(info.status, 42);
        end(n);
    }
}

static void a_halt_that_nothing_ends_is_the_end(void **state)
{
    struct micro *n = BOOT("real", NULL, 0xf4);
    struct stop_info info;

    (void)state;
    assert_int_equal(run_ms(n, 5000, &info), STOP_HALT);
    assert_int_equal(info.status, 0);
    end(n);
    n = BOOT("real", NULL, 0xfb, 0xf4); /* interrupts on, but none can come */
    assert_int_equal(run_ms(n, 5000, &info), STOP_HALT);
    end(n);
}

static void what_is_not_there_stops_it_with_a_reason(void **state)
{
    struct host h = { .in = NULL };
    struct micro *n = BOOT("real", &h, 0x90, 0xe4, 0x50, 0xf4);
    struct stop_info info;

    (void)state;
    assert_int_equal(run_ms(n, 5000, &info), STOP_FAULT);
    assert_int_equal(info.status, MICRO_FAULT_STATUS);
    assert_int_equal(info.address, 0x7c01);
    assert_non_null(strstr(info.text, "port 0x50"));
    assert_non_null(strstr(h.said, "7c01: e4"));
    end(n);
    n = BOOT("long", NULL, 0xa2, 0, 0, 0, 0xd0, 0, 0, 0, 0); /* mov %al, 0xd0000000 */
    assert_int_equal(run_ms(n, 5000, &info), STOP_FAULT);
    assert_non_null(strstr(info.text, "address 0xd0000000"));
    end(n);
    n = BOOT("real", NULL, 0x0f, 0x01, 0x1e, 0x06, 0x7c, 0x0f, 0x0b); /* lidt of nothing; ud2 */
    assert_int_equal(run_ms(n, 5000, &info), STOP_FAULT);
    end(n);
}

static void strays_may_be_ignored(void **state)
{
    static const u8 code[] = { 0xe4, 0x50, 0xe6, 0xf4 }; /* in 0x50; out 0xf4 */
    const struct setting s[] = { { "strays", "ignore" } };
    struct config c = {
        .image = code, .image_bytes = sizeof code, .settings = s, .setting_count = 1
    };
    struct stop_info info;
    struct machine *m;
    struct err e;

    (void)state;
    assert_int_equal(kvm_kind.create(&kvm_kind, &c, NULL, &m, &e), 0);
    assert_int_equal(kvm_kind.run(m, 5000 * MS, &info), STOP_HALT);
    assert_int_equal(info.status, 0xff);
    kvm_kind.destroy(m);
}

/* ---- time and kicks ---- */

static void it_runs_until_the_time(void **state)
{
    struct micro *n = BOOT("real", NULL, LOOP);
    struct stop_info info;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        u64 until = n->machine.now + 3 * MS;

        assert_int_equal(kvm_kind.run(&n->machine, until, &info), STOP_TIME);
        assert_true(n->machine.now >= until);
    }
    assert_int_equal(kvm_kind.run(&n->machine, 0, &info), STOP_TIME); /* the past */
    kvm_kind.kick(&n->machine);
    assert_int_equal(run_ms(n, 60000, &info), STOP_KICK); /* also before it starts */
    end(n);
}

struct kicker {
    struct micro *n;
    int rounds;
    int done; /* atomic */
};

static void *kick_often(void *arg)
{
    struct kicker *k = arg;

    for (int i = 0; i < k->rounds; i++) {
        int before = __atomic_load_n(&k->done, __ATOMIC_SEQ_CST);

        for (volatile int spin = 0; spin < i % 97 * 50; spin++)
            ; /* at another point of the loop each time */
        kvm_kind.kick(&k->n->machine);
        while (__atomic_load_n(&k->done, __ATOMIC_SEQ_CST) == before)
            ; /* it was taken */
    }
    return NULL;
}

/* A lost kick would leave this hanging: nothing else ends the run. */
static void check_kicks(struct micro *n, int rounds)
{
    struct kicker k = { .n = n, .rounds = rounds };
    struct stop_info info;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, kick_often, &k), 0);
    for (int i = 0; i < rounds; i++) {
        assert_int_equal(kvm_kind.run(&n->machine, UINT64_MAX, &info), STOP_KICK);
        __atomic_add_fetch(&k.done, 1, __ATOMIC_SEQ_CST);
    }
    pthread_join(thread, NULL);
}

static void no_kick_is_lost(void **state)
{
    struct micro *n = BOOT("real", NULL, LOOP);

    (void)state;
    check_kicks(n, 300);
    end(n);
    n = BOOT("real", NULL, 0xe4, 0x47, 0xeb,
             0xfc); /* in 0x47; jmp: out of the guest all the time */
    check_kicks(n, 300);
    end(n);
}

/* ---- devices ---- */

/* Polls the timer; each event is a character. */
static void the_timer_keeps_the_machines_time(void **state)
{
    struct host h = { .in = "" };
    struct micro *n = BOOT("real", &h, 0xb0, 5, 0xe6, 0x46, /* 5 ms */
                           0xb0, 1, 0xe6, 0x47,             /* on */
                           0xe4, 0x47, 0xa8, 2, 0x74, 0xfa, /* wait */
                           0xb0, 'x', 0xe6, 0x42, 0xeb, 0xf0);
    struct stop_info info;
    u64 events;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        run_ms(n, 10, &info);
    events = n->console.used;
    assert_true(events > 0 && events <= n->machine.now / (5 * MS));
    nanosleep(&(struct timespec) { .tv_nsec = 100 * (long)MS }, NULL); /* it stands still */
    assert_int_equal(run_ms(n, 0, &info), STOP_TIME);
    assert_int_equal(n->console.used, events);
    end(n);
}

static void keys_reach_the_guest(void **state)
{
    struct host h = { .in = "hi\n" };
    struct micro *n = BOOT("real", &h, 0xe4, 0x45, 0xa8, 1, 0x74, 0xfa, /* a key? */
                           0xe4, 0x44, 0xe6, 0x42,                      /* say it */
                           0x88, 0xc3, 0x30, 0xc0, 0xe6, 0x45,          /* taken */
                           0x80, 0xfb, 4, 0x75, 0xeb, 0xe6, 0xf4);
    struct stop_info info;

    (void)state;
    run_ms(n, 300, &info);
    assert_string_equal(h.out, "hi\n");
    h.in = NULL;
    assert_int_equal(run_ms(n, 5000, &info), STOP_HALT);
    end(n);
}

/* Real mode, at 7c00: vectors 8 and 9, the PIC, the timer at 5 ms, which counts in cx; a key ends
 * it with the count as status. */
static const u8 interrupts[] = {
    0xc7, 0x06, 0x20, 0x00, 0x2c, 0x7c,             /* 00 mov [8 * 4], 7c2c */
    0xc7, 0x06, 0x24, 0x00, 0x36, 0x7c,             /* 06 mov [9 * 4], 7c36 */
    0xb0, 0x13, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, /* 0c single; vector 8 */
    0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xfc, 0xe6, 0x21, /* 14 x86; lines 0 and 1 */
    0xb0, 0x05, 0xe6, 0x46, 0xb0, 0x01, 0xe6, 0x47, /* 1c 5 ms, on */
    0x31, 0xc9,                                     /* 24 xor cx, cx */
    0xfb, 0xf4, 0xeb, 0xfd,                         /* 26 sti; l: hlt; jmp l */
    0x90, 0x90,                                     /* 2a */
    0x41, 0xb0, 0x01, 0xe6, 0x47,                   /* 2c inc cx; the event is seen */
    0xb0, 0x20, 0xe6, 0x20, 0xcf,                   /* 31 end of interrupt; iret */
    0x88, 0xc8, 0xe6, 0xf4,                         /* 36 mov al, cl; out 0xf4, al */
};

static void interrupts_are_taken(void **state)
{
    struct host h = { .in = "" };
    struct micro *n = boot(interrupts, sizeof interrupts, "real", &h);
    struct stop_info info;

    (void)state;
    for (unsigned i = 0; i < 100 && n->counters.injected < 2; i++)
        assert_int_equal(run_ms(n, 50, &info), STOP_TIME);
    assert_true(n->counters.injected >= 2);
    component_saving(&n->machine.root);
    /* The last one may not have reached its handler. */
    assert_true(n->counters.injected - (n->vcpu.state.rcx & 0xff) <= 1);
    h.in = "k";
    assert_int_equal(run_ms(n, 5000, &info), STOP_HALT);
    assert_true(info.status >= 2);
    end(n);
}

/* ---- state ---- */

static u8 *saved(struct micro *n, size_t *len)
{
    u8 *bytes = malloc(*len = machine_save(&n->machine, NULL));

    assert_non_null(bytes);
    machine_save(&n->machine, bytes);
    return bytes;
}

/* A counter in memory, and one in a register, that must stay in step over a save at any moment:
 * also between an IN and the end of its instruction. */
static const u8 counting[] = {
    0x31, 0xc9,                         /* xor cx, cx */
    0x41, 0x89, 0x0e, 0x00, 0x20,       /* inc cx; mov [2000], cx */
    0xe4, 0x46, 0x88, 0xc8, 0xe6, 0x46, /* in 0x46; al = cl; out 0x46 */
    0xeb, 0xf3,
};

static void a_saved_machine_goes_on_elsewhere(void **state)
{
    struct micro *a = boot(counting, sizeof counting, "real", NULL), *b;
    struct stop_info info;
    char what[480];
    struct err e;
    size_t len;
    u8 *bytes;

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        u64 before;

        run_ms(a, 2 + i % 3, &info);
        bytes = saved(a, &len);
        b = boot(counting, sizeof counting, "real", NULL);
        assert_int_equal(machine_load(&b->machine, bytes, len, &e), 0);
        assert_false(machine_differs(&a->machine, &b->machine, what, sizeof what));
        before = b->vcpu.state.rcx & 0xffff;
        assert_true((u16)(before - (b->vm.ram.bytes[0x2000] | b->vm.ram.bytes[0x2001] << 8)) <= 1);
        for (unsigned k = 0; k < 1000 && (b->vcpu.state.rcx & 0xffff) == before; k++) {
            run_ms(b, 5, &info);
            component_saving(&b->machine.root);
        }
        assert_int_not_equal(b->vcpu.state.rcx & 0xffff, before);
        end(a);
        free(bytes);
        a = b;
    }
    end(a);
}

/* Saved and loaded elsewhere again and again, it misses none: no state hides in the kernel. */
static void interrupts_survive_saving(void **state)
{
    struct host h = { .in = "" };
    struct micro *a = boot(interrupts, sizeof interrupts, "real", &h), *b;
    struct stop_info info;
    struct err e;
    size_t len;
    u8 *bytes;
    u64 count;

    (void)state;
    for (unsigned i = 0; i < 200 && (i < 20 || a->counters.injected < 5); i++) {
        assert_int_equal(run_ms(a, 3 + i % 7, &info), STOP_TIME);
        bytes = saved(a, &len);
        b = boot(interrupts, sizeof interrupts, "real", &h);
        assert_int_equal(machine_load(&b->machine, bytes, len, &e), 0);
        b->counters.injected = a->counters.injected;
        end(a);
        free(bytes);
        a = b;
    }
    count = a->vcpu.state.rcx & 0xff;
    assert_true(a->counters.injected >= 5);
    assert_true(a->counters.injected - count <= 1);
    for (unsigned k = 0; k < 100 && (a->vcpu.state.rcx & 0xff) == count; k++) {
        run_ms(a, 10, &info);
        component_saving(&a->machine.root);
    }
    assert_true((a->vcpu.state.rcx & 0xff) > count); /* and it goes on */
    end(a);
}

static void impossible_states_are_refused(void **state)
{
    struct micro *n = BOOT("long", NULL, LOOP);
    struct stop_info info;
    struct err e;
    u64 cr0;

    (void)state;
    run_ms(n, 2, &info);
    component_saving(&n->machine.root);
    cr0 = n->vcpu.state.cr0;
    n->vcpu.state.cr0 = 0x80000000; /* paging without protection */
    assert_int_not_equal(component_loaded(&n->machine.root, &e), 0);
    assert_true(e.text[0]);
    n->vcpu.state.cr0 = cr0;
    n->vcpu.state.pc += 2;
    n->vcpu.state.rip += 4; /* which of them? */
    assert_int_not_equal(component_loaded(&n->machine.root, &e), 0);
    n->vcpu.state.pc -= 2;
    n->vcpu.state.rip -= 4;
    assert_int_equal(component_loaded(&n->machine.root, &e), 0);
    n->vcpu.state.pc += 2; /* a person sets one: the other follows */
    assert_int_equal(component_loaded(&n->machine.root, &e), 0);
    assert_int_equal(n->vcpu.state.rip, 0x7c02);
    end(n);
}

static void written_pages_are_tracked(void **state)
{
    struct micro *n = boot(counting, sizeof counting, "real", NULL);
    struct space *ram = &n->vm.ram;
    struct space_tracker t;
    struct stop_info info;

    (void)state;
    run_ms(n, 2, &info);
    assert_true(space_track(ram, &t));
    run_ms(n, 5, &info);
    space_collect(ram);
    assert_int_equal(space_dirty_from(&t, 0), 2);
    assert_true(space_dirty_count(&t) <= 2);
    space_dirty_clear(&t, 2);
    assert_true(space_write(ram, 0x5000, "x", 1)); /* ours */
    run_ms(n, 5, &info);
    space_collect(ram);
    assert_int_equal(space_dirty_from(&t, 0), 2);
    assert_int_equal(space_dirty_from(&t, 3), 5);
    space_untrack(ram, &t);
    run_ms(n, 2, &info);
    assert_false(n->vm.logging);
    end(n);
}

/* ---- the debugger's side ---- */

static void it_steps_one_instruction(void **state)
{
    /* mov al, 7; out 0x42, al; in al, 0x47; jmp . */
    struct micro *n = BOOT("long", NULL, 0xb0, 7, 0xe6, 0x42, 0xe4, 0x47, LOOP);
    static const u64 places[] = { 0x7c02, 0x7c04, 0x7c06, 0x7c06 };
    struct stop_info info;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        u64 before = n->machine.now;

        assert_int_equal(kvm_kind.step(&n->machine, n->machine.cpus, &info), STOP_TIME);
        assert_true(n->machine.now > before);
        assert_int_equal(n->vcpu.state.pc, places[i]);
    }
    assert_int_equal(n->vcpu.state.rax & 0xff, 0);
    end(n);
}

/* An instruction that writes outside RAM is one step, whoever executes it; and the breakpoint
 * behind it is not run over. */
static void writes_to_devices_are_steps(void **state)
{
    /* out 0x42, al; mov [2000000], al; inc ebx; jmp . */
    struct micro *n = BOOT("protected", NULL, 0xe6, 0x42, 0xa2, 0, 0, 0, 2, 0x43, LOOP);
    static const u64 places[] = { 0x7c02, 0x7c07, 0x7c08 };
    struct watch w[6]; /* more than the processor has: by instructions */
    struct stop_info info;
    struct err e;

    (void)state;
    n->strays = true;
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        assert_int_equal(kvm_kind.step(&n->machine, n->machine.cpus, &info), STOP_TIME);
        assert_int_equal(n->vcpu.state.pc, places[i]);
        assert_int_equal(n->vcpu.state.rbx, i == 2);
    }
    n->vcpu.state.pc = 0x7c00;
    assert_int_equal(vcpu_loaded(&n->vcpu, &(struct err) { 0 }), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(w); i++)
        w[i] = (struct watch) { .what = WATCH_EXECUTE,
                                .first = i < 3 ? places[i] : 0x9000,
                                .last = i < 3 ? places[i] : 0x9000 };
    assert_int_equal(kvm_kind.watch(&n->machine, w, ARRAY_SIZE(w), &e), 0);
    n->machine.passed = UINT64_MAX;
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        assert_int_equal(run_ms(n, 5000, &info), STOP_BREAK);
        assert_int_equal(info.address, places[i]);
        n->machine.passed = n->machine.now;
    }
    end(n);
}

static void check_breakpoints(unsigned count)
{
    /* l: inc eax; nop; mov [2000], al; nop; jmp l */
    struct micro *n = BOOT("protected", NULL, 0x40, 0x90, 0xa2, 0, 0x20, 0, 0, 0x90, 0xeb, 0xf6);
    struct watch list[6];
    struct stop_info info;
    struct err e;

    for (unsigned i = 0; i < count; i++)
        list[i] = (struct watch) { .what = WATCH_EXECUTE,
                                   .first = i ? 0x9000 + i : 0x7c07,
                                   .last = i ? 0x9000 + i : 0x7c07 };
    assert_int_equal(kvm_kind.watch(&n->machine, list, count, &e), 0);
    n->machine.passed = UINT64_MAX;
    for (unsigned i = 1; i < 4; i++) {
        list[0].hit = false;
        assert_int_equal(run_ms(n, 5000, &info), STOP_BREAK);
        assert_int_equal(info.address, 0x7c07);
        assert_true(list[0].hit);
        assert_int_equal(n->vcpu.state.rax, i);
        n->machine.passed = n->machine.now;
    }
    assert_int_equal(kvm_kind.watch(&n->machine, NULL, 0, &e), 0);
    assert_int_equal(run_ms(n, 5, &info), STOP_TIME);
    end(n);
}

static void breakpoints_stop_it(void **state)
{
    (void)state;
    check_breakpoints(1);
    check_breakpoints(4);
    check_breakpoints(6); /* more than the processor has */
}

static void *kick_always(void *arg)
{
    struct kicker *k = arg;

    while (!__atomic_load_n(&k->done, __ATOMIC_SEQ_CST)) {
        kvm_kind.kick(&k->n->machine);
        usleep(200);
    }
    return NULL;
}

/* Runs until the next moment, or what else ends it than a kick, as a debugger does. */
static enum stop run_on(struct micro *n, u64 until, u64 passed, struct stop_info *info)
{
    struct machine *m = &n->machine;
    enum stop why = STOP_KICK;

    while (why == STOP_KICK && m->now < until) {
        m->passed = passed;
        why = kvm_kind.run(m, until, info);
    }
    return why;
}

/* l: inc eax; nop; jmp l, with a breakpoint at the second one: kicks do not keep steps and ways on
 * from a breakpoint from being what they are. */
static void kicks_undo_no_steps(void **state)
{
    struct micro *n = BOOT("protected", NULL, 0x40, 0x90, 0xeb, 0xfc);
    struct watch w = { .what = WATCH_EXECUTE, .first = 0x7c01, .last = 0x7c01 };
    struct kicker k = { .n = n };
    struct machine *m = &n->machine;
    struct stop_info info;
    pthread_t thread;
    struct err e;

    (void)state;
    kvm_kind.kick(m);
    assert_int_equal(kvm_kind.run(m, m->now + 1, &info), STOP_KICK);
    assert_int_equal(m->now, 0); /* nothing has happened */
    assert_int_equal(pthread_create(&thread, NULL, kick_always, &k), 0);
    for (unsigned i = 0; i < 300; i++) {
        u64 pc = n->vcpu.state.pc;

        assert_true(run_on(n, m->now + 1, UINT64_MAX, &info) != STOP_BREAK);
        assert_int_equal(n->vcpu.state.pc, pc == 0x7c02 ? 0x7c00 : pc + 1);
    }
    assert_int_equal(kvm_kind.watch(m, &w, 1, &e), 0);
    for (unsigned i = 101; i < 300; i++) {
        assert_int_equal(run_on(n, UINT64_MAX, m->now, &info), STOP_BREAK);
        assert_int_equal(n->vcpu.state.rax, i);
    }
    __atomic_store_n(&k.done, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    kvm_kind.watch(m, NULL, 0, &e);
    end(n);
}

static void a_watched_place_stops_it(void **state)
{
    struct micro *n = BOOT("protected", NULL, 0x40, 0x90, 0xa2, 3, 0x20, 0, 0, 0x90, 0xeb, 0xf6);
    struct watch w = { .what = WATCH_WRITE, .first = 0x2001, .last = 0x2005 };
    struct watch reads = { .what = WATCH_READ, .first = 0x2000, .last = 0x2000 };
    struct stop_info info;
    struct err e;

    (void)state;
    assert_int_equal(kvm_kind.watch(&n->machine, &reads, 1, &e), -ERR_NOTSUP);
    assert_int_equal(kvm_kind.watch(&n->machine, &w, 1, &e), 0);
    n->machine.passed = UINT64_MAX;
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(run_ms(n, 5000, &info), STOP_BREAK);
        assert_true(w.hit);
        assert_int_equal(w.address, 0x2003);
        assert_int_equal(w.old, i - 1);
        assert_int_equal(w.value, i);
        assert_int_equal(w.by, 0x7c02);
        assert_int_equal(info.address, 0x7c07);
    }
    kvm_kind.watch(&n->machine, NULL, 0, &e);
    end(n);
}

/* Interrupts that come while each instruction is stopped at: the handler's end sets no trap flag
 * when nobody steps any more, which would take the guest to a handler that it has not. */
static void steps_leave_nothing_behind(void **state)
{
    struct host h = { .in = "" };
    struct micro *n = boot(interrupts, sizeof interrupts, "real", &h);
    struct watch list[6];
    struct stop_info info;
    struct err e;
    u64 injected;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(list); i++) /* more than the processor has registers */
        list[i] = (struct watch) { .what = WATCH_EXECUTE, .first = 0x9000 + i, .last = 0x9000 + i };
    assert_int_equal(kvm_kind.watch(&n->machine, list, ARRAY_SIZE(list), &e), 0);
    for (unsigned i = 0; i < 100 && n->counters.injected < 3; i++)
        assert_int_equal(run_ms(n, 50, &info), STOP_TIME);
    do
        assert_int_equal(kvm_kind.step(&n->machine, n->machine.cpus, &info), STOP_TIME);
    while (n->vcpu.state.pc < 0x7c2d || n->vcpu.state.pc >= 0x7c36); /* in a handler */
    kvm_kind.watch(&n->machine, NULL, 0, &e);
    injected = n->counters.injected;
    for (unsigned i = 0; i < 100 && n->counters.injected < injected + 3; i++)
        assert_int_equal(run_ms(n, 50, &info), STOP_TIME);
    assert_true(injected >= 3 && n->counters.injected >= injected + 3);
    component_saving(&n->machine.root);
    assert_int_equal(n->vcpu.state.rflags & 0x100, 0);
    assert_true(n->counters.injected - (n->vcpu.state.rcx & 0xff) <= 1); /* none began anew */
    end(n);
}

static void memory_is_seen_through_the_page_tables(void **state)
{
    struct micro *n = BOOT("long", NULL, LOOP);
    struct cpu *c = n->machine.cpus;
    u8 b[8];

    (void)state;
    assert_true(kvm_kind.peek(c, CPU_VIRTUAL, 0x7c00, b, 2));
    assert_memory_equal(b, "\xeb\xfe", 2);
    assert_false(kvm_kind.peek(c, CPU_VIRTUAL, 1ull << 40, b, 1)); /* not mapped */
    assert_false(kvm_kind.peek(c, CPU_VIRTUAL, 0x100000, b, 1));   /* mapped, but no memory */
    assert_false(kvm_kind.peek(c, CPU_PHYSICAL, 0xfffff, b, 2));
    assert_true(kvm_kind.poke(c, CPU_PHYSICAL, 0xfffff, "x", 1));
    assert_false(kvm_kind.poke(c, CPU_VIRTUAL, 0xfffff, "xy", 2));
    assert_true(kvm_kind.poke(c, CPU_VIRTUAL, 0x1ffc, "12345678", 8)); /* two pages */
    assert_true(kvm_kind.peek(c, CPU_PHYSICAL, 0x1ffc, b, 8));
    assert_memory_equal(b, "12345678", 8);
    end(n);
}

static void untouched_memory_is_known(void **state)
{
    static const u8 code[] = { 0xf4 };
    struct micro *n = boot(code, sizeof code, "real", NULL);
    struct space *s = &n->vm.ram;
    u64 run = 0;

    (void)state;
    assert_true(n->vm.pagemap >= 0 && s->untouched);
    assert_false(s->untouched(s, 0x7c00 / SPACE_PAGE_BYTES, &run)); /* the program is there */
    assert_true(s->untouched(s, 100, &run));
    assert_true(run >= 1 && run <= space_pages(s) - 100);
    assert_true(space_write(s, 120 * SPACE_PAGE_BYTES, "x", 1));
    assert_false(s->untouched(s, 120, &run));
    assert_true(s->untouched(s, 100, &run));
    assert_int_equal(run, 20);
    /* Where the host has it in its memory is nobody's business, also when root asks. */
    assert_int_equal(pread(n->vm.pagemap, &run, sizeof run,
                           (off_t)((uintptr_t)s->bytes / SPACE_PAGE_BYTES + 120) * 8),
                     8);
    assert_int_equal(run & ((1ull << 55) - 1), 0);
    s->replaced(s);
    assert_null(s->untouched);
    end(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_ends_with_its_status),
        cmocka_unit_test(a_halt_that_nothing_ends_is_the_end),
        cmocka_unit_test(what_is_not_there_stops_it_with_a_reason),
        cmocka_unit_test(strays_may_be_ignored),
        cmocka_unit_test(it_runs_until_the_time),
        cmocka_unit_test(no_kick_is_lost),
        cmocka_unit_test(the_timer_keeps_the_machines_time),
        cmocka_unit_test(keys_reach_the_guest),
        cmocka_unit_test(interrupts_are_taken),
        cmocka_unit_test(a_saved_machine_goes_on_elsewhere),
        cmocka_unit_test(interrupts_survive_saving),
        cmocka_unit_test(impossible_states_are_refused),
        cmocka_unit_test(written_pages_are_tracked),
        cmocka_unit_test(it_steps_one_instruction),
        cmocka_unit_test(writes_to_devices_are_steps),
        cmocka_unit_test(breakpoints_stop_it),
        cmocka_unit_test(kicks_undo_no_steps),
        cmocka_unit_test(a_watched_place_stops_it),
        cmocka_unit_test(steps_leave_nothing_behind),
        cmocka_unit_test(memory_is_seen_through_the_page_tables),
        cmocka_unit_test(untouched_memory_is_known),
    };
    struct err e;

    if (kvm_kind.available(&e)) {
        printf("skipped: %s\n", e.text);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
