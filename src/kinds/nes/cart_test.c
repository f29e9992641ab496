/* What holds for every line of the table of mappers, whatever its board: windows show the
 * cartridge's own memory, save-load-save is the identity and leaves the windows as they were, and a
 * damaged image does no harm, also when the cartridge is then used. */
#include "kinds/nes/cart_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The smallest sizes that a header can name, odd ones, usual ones, and the largest of boards. */
static const struct rig_file sizes[] = {
    { .prg = 1, .chr = 1, .ram = 128 },
    { .prg = 0x800, .chr = 0x400, .nvram = 128, .chr_ram = 128 },
    { .prg = 0x4000, .chr = 0 },
    { .prg = 0x4000, .ines1 = true, .flags = RIG_BATTERY },
    { .prg = 0x6000, .chr = 0xc00, .ram = 0x800, .nvram = 0x400, .flags = RIG_V | RIG_TRAINER },
    { .prg = 0x14000, .chr = 0x6000, .ram = 0x2000, .flags = RIG_FOUR },
    { .prg = 0x20000,
      .chr = 0x20000,
      .ram = 0x2000,
      .nvram = 0x2000,
      .flags = RIG_V | RIG_BATTERY },
    { .prg = 0x20000, .chr_ram = 0x8000, .ram = 0x4000, .flags = RIG_FOUR | RIG_V },
    { .prg = 0x20000, .chr_nvram = 0x2000, .nvram = 0x8000, .flags = RIG_BATTERY },
    { .prg = 0x80000, .chr = 0x40000, .ram = 0x10000, .nvram = 0x10000, .chr_ram = 0x2000 },
    { .prg = 0x40000, .chr = 0x40000, .ines1 = true, .flags = RIG_V },
};

typedef void check(struct rig *r, const struct rig_file *f, u64 *random);

/* Calls `fn` with a cartridge of each line in each size. A refusal must have its sentence. */
static void each_cartridge(check *fn)
{
    unsigned made = 0, refused = 0;
    u64 random = 1;

    for (unsigned i = 0; i < mapper_count; i++) {
        const struct mapper *m = &mapper_list[i];

        for (unsigned k = 0; k < ARRAY_SIZE(sizes); k++) {
            struct rig_file f = sizes[k];
            struct err e = { 0 };
            struct rig r;

            if (f.ines1 && m->submapper > 0)
                continue;
            f.mapper = m->number;
            f.submapper = m->submapper < 0 ? 0 : (u8)m->submapper;
            if (rig_make(&r, &f, &e)) {
                assert_true(e.text[0]);
                refused++;
            } else {
                fn(&r, &f, &random);
                made++;
            }
            rig_fini(&r);
        }
    }
    assert_in_range(made, mapper_count * 7, mapper_count * ARRAY_SIZE(sizes));
    assert_in_range(refused, 0, ARRAY_SIZE(sizes)); /* UNROM 512 without pattern RAM */
}

static void use(struct rig *r, u64 *random, unsigned accesses)
{
    while (accesses--) {
        u32 a = rig_random(random), b = rig_random(random), d = rig_random(random);

        rig_poke(r, a, b, d);
        if (!rig_sound(r))
            fail_msg("mapper %u.%u (%s): a window shows what it may not", r->c.mapper,
                     r->c.submapper, r->c.line->name);
    }
}

/* ---- the table ---- */

static void table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < mapper_count; i++) {
        const struct mapper *m = &mapper_list[i], *before = i ? m - 1 : NULL;

        assert_non_null(m->name);
        assert_non_null(m->board->sync);
        if (before) /* in order, and a general line before those of submappers */
            assert_true(m->number > before->number ||
                        (m->number == before->number && m->submapper > before->submapper));
        if (m->submapper >= 0)
            assert_non_null(mapper_find(m->number, 15)); /* any other submapper finds a line too */
        assert_ptr_equal(mapper_find(m->number, m->submapper < 0 ? 15 : (u8)m->submapper), m);
        assert_true(!m->board->a12 == !m->board->a12_horizon);
        assert_true(!m->board->fetch == !m->board->line_horizon);
        assert_true(!m->board->state_bytes == !m->board->fields);
        assert_string_equal(mapper_name(m->number), mapper_find(m->number, 0)->name);
    }
    assert_null(mapper_find(4095, 0));
    assert_null(mapper_name(4095));
    assert_string_equal(mapper_name(68), "Sunsoft-4");
}

/* ---- use ---- */

static void power_and_use(struct rig *r, const struct rig_file *f, u64 *random)
{
    u8 v;

    assert_true(rig_sound(r));
    if (f->flags & RIG_TRAINER)
        assert_int_equal(r->c.wram.bytes[0x1000 % r->c.wram.size_bytes], 0x77);
    use(r, random, 400);
    cart_reset(&r->c);
    assert_true(rig_sound(r));
    for (u32 a = 0x4020; a < 0x10000; a += 61) /* a peek changes nothing */
        if (r->c.ops->peek && !r->pages.read[a >> CPU_PAGE_SHIFT]) {
            size_t bytes;
            u8 *before = rig_save(r, &bytes), *after;

            r->c.ops->peek(&r->c, (u16)a, &v);
            after = rig_save(r, &bytes);
            assert_memory_equal(before, after, bytes);
            free(before);
            free(after);
            a += 0x3d7;
        }
    cart_power(&r->c);
    assert_true(rig_sound(r));
}

static void windows_show_own_memory(void **state)
{
    (void)state;
    each_cartridge(power_and_use);
}

/* ---- saving and loading ---- */

static void copy_memories(struct cart *to, const struct cart *from)
{
    memcpy(to->wram.bytes, from->wram.bytes, from->wram.size_bytes);
    memcpy(to->chr_ram.bytes, from->chr_ram.bytes, from->chr_ram.size_bytes);
    memcpy(to->ciram.bytes, from->ciram.bytes, from->ciram.size_bytes);
}

/* Both answer alike and run alike from here. */
static void assert_alike(struct rig *a, struct rig *b, u64 seed)
{
    struct rig_windows wa, wb;
    u64 sa = seed, sb = seed;
    size_t na, nb;
    u8 *ia, *ib;

    rig_look(a, &wa);
    rig_look(b, &wb);
    assert_memory_equal(&wa, &wb, sizeof wa);
    use(a, &sa, 200);
    use(b, &sb, 200);
    rig_run(a, a->clk);
    rig_run(b, b->clk);
    rig_look(a, &wa);
    rig_look(b, &wb);
    assert_memory_equal(&wa, &wb, sizeof wa);
    ia = rig_save(a, &na);
    ib = rig_save(b, &nb);
    assert_int_equal(na, nb);
    assert_memory_equal(ia, ib, na);
    assert_int_equal(a->c.irq, b->c.irq);
    free(ia);
    free(ib);
}

static void save_load_save(struct rig *r, const struct rig_file *f, u64 *random)
{
    size_t split = field_save(r->c.component.fields, &r->c, NULL), bytes, again;
    struct err e = { 0 };
    struct rig other;
    u8 *image, *second;

    use(r, random, 300);
    rig_run(r, r->clk); /* saving() brings all up to date */
    image = rig_save(r, &bytes);
    assert_int_equal(rig_make(&other, f, &e), 0);
    use(&other, random, 100); /* nothing of another past may shine through */
    copy_memories(&other.c, &r->c);
    other.clk = r->clk;
    other.dots = r->dots;
    if (rig_load(&other, image, bytes, split, &e))
        fail_msg("mapper %u: %s", f->mapper, e.text);
    second = rig_save(&other, &again);
    assert_int_equal(bytes, again);
    assert_memory_equal(image, second, bytes);
    assert_alike(r, &other, *random);
    free(image);
    free(second);
    rig_fini(&other);
}

static void save_load_save_is_identity(void **state)
{
    (void)state;
    each_cartridge(save_load_save);
}

static void damage(struct rig *r, const struct rig_file *f, u64 *random)
{
    size_t split = field_save(r->c.component.fields, &r->c, NULL), bytes;
    u8 *image;

    use(r, random, 50);
    image = rig_save(r, &bytes);
    for (unsigned round = 0; round < 6; round++) {
        struct err e = { 0 };
        struct rig other;

        for (unsigned n = 1u << 2 * round; n; n--)
            image[rig_random(random) % bytes] = (u8)rig_random(random);
        assert_int_equal(rig_make(&other, f, &e), 0);
        if (rig_load(&other, image, bytes, split, &e)) { /* never run: the machine is put back */
            assert_true(e.text[0]);
        } else {
            other.c.ops->sync(&other.c);
            assert_true(rig_sound(&other));
            use(&other, random, 100);
        }
        rig_fini(&other);
    }
    free(image);
}

static void damaged_images_do_no_harm(void **state)
{
    (void)state;
    each_cartridge(damage);
}

/* Damage that keeps the image's form, so that all of it is taken: every scalar at its extremes, or
 * anywhere in its range. Not the sound chips': this is about what the rest of the board does. */
static void put_near(const struct field_ref *ref, u64 value)
{
    struct field_range r = ref->field->range;
    u64 span = (u64)r.most - (u64)r.least + 1;

    field_put(ref, r.least || r.most ? (u64)r.least + value % span : value);
}

static void fill_fields(const struct fields *fs, void *obj, u64 value, u64 *random)
{
    for (u32 i = 0; i < fs->count; i++) {
        const struct field *f = &fs->list[i];

        for (u32 k = 0; k < f->count; k++) {
            struct field_ref ref = { f, (char *)obj + f->offset + (size_t)k * f->size };

            if (f->group && !strcmp(f->name, "sound"))
                continue;
            if (f->group)
                fill_fields(f->group(), ref.at, value, random);
            else if (f->role == FIELD_STATE)
                put_near(&ref, value ? value : (u64)rig_random(random) << 32 | rig_random(random));
        }
    }
}

static void extremes(struct rig *r, const struct rig_file *f, u64 *random)
{
    static const u64 values[] = { UINT64_MAX, 0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 1, 0, 0, 0 };
    struct err e = { 0 };

    (void)f;
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        fill_fields(r->c.component.fields, &r->c, values[i], random);
        if (r->c.board_component.fields)
            fill_fields(r->c.board_component.fields, r->c.board, values[i], random);
        assert_int_equal(r->c.component.loaded(&r->c, &e), 0);
        assert_true(rig_sound(r));
        if (r->c.board_component.loaded)
            assert_int_equal(r->c.board_component.loaded(r->c.board, &e), 0);
        use(r, random, 100);
    }
}

static void any_register_value_does_no_harm(void **state)
{
    (void)state;
    each_cartridge(extremes);
}

/* ---- deadlines ---- */

/* A board that counts cycles says beforehand when its line will change: reached in one stride or
 * cycle by cycle, it is the same cycle, and it is the one that was named. */
static void deadline_is_kept(struct rig *r, const struct rig_file *f, u64 *random)
{
    (void)f;
    if (!r->c.ops->run)
        return;
    for (unsigned round = 0; round < 20; round++) {
        u64 at;

        use(r, random, 30);
        rig_run(r, r->clk);
        at = r->c.deadline;
        if (at == EVENT_NEVER || r->c.irq)
            continue;
        assert_true(at > r->clk);
        if (at - r->clk > 70000)
            continue; /* too long to walk */
        while (r->clk + 1 < at) {
            rig_run(r, r->clk + 1);
            assert_false(r->c.irq);
            assert_int_equal(r->c.deadline, at);
        }
        rig_run(r, at);
        assert_true(r->c.irq);
    }
}

static void deadlines(void **state)
{
    (void)state;
    each_cartridge(deadline_is_kept);
}

/* A deadline is not saved: the first run after a load makes it anew. */
static void deadline_after_load(void **state)
{
    static const struct rig_file f = { .mapper = 24, .prg = 0x8000, .chr = 0x2000 };
    struct err e = { 0 };
    size_t bytes, split;
    struct rig a, b;
    u8 *image;

    (void)state;
    assert_int_equal(rig_make(&a, &f, &e), 0);
    assert_int_equal(rig_make(&b, &f, &e), 0);
    rig_write(&a, 0xf000, 0x80);
    rig_write(&a, 0xf001, 6);
    rig_run(&a, a.clk);
    split = field_save(a.c.component.fields, &a.c, NULL);
    image = rig_save(&a, &bytes);
    assert_int_equal(rig_load(&b, image, bytes, split, &e), 0);
    assert_true(b.c.deadline <= a.c.deadline);
    rig_run(&b, a.clk);
    assert_int_equal(b.c.deadline, a.c.deadline);
    free(image);
    rig_fini(&a);
    rig_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(windows_show_own_memory),
        cmocka_unit_test(save_load_save_is_identity),
        cmocka_unit_test(damaged_images_do_no_harm),
        cmocka_unit_test(any_register_value_does_no_harm),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(deadline_after_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
