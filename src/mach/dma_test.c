/* Memory as a device sees it: holes, borders, what may not be written, what trackers learn. */
#include "mach/dma.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = SPACE_PAGE_BYTES };

/* ram: pages 0..3 at 0, pages 4..7 behind a hole; rom right behind the lower part. */
struct rig {
    struct space ram, rom;
    struct dma dma;
};

static const u64 high = 0x100000000;

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    assert_true(space_init(&r->ram, "ram", 8 * PAGE, 0, 0));
    assert_true(space_init(&r->rom, "rom", PAGE, 0, SPACE_ROM));
    for (unsigned i = 0; i < 8 * PAGE; i++)
        r->ram.bytes[i] = (u8)(i / 16);
    memset(r->rom.bytes, 0xee, PAGE);
    dma_add(&r->dma, 0, 4 * PAGE, &r->ram, 0);
    dma_add(&r->dma, high, 4 * PAGE, &r->ram, 4 * PAGE);
    dma_add(&r->dma, 4 * PAGE, PAGE, &r->rom, 0);
}

static void rig_fini(struct rig *r)
{
    space_fini(&r->ram);
    space_fini(&r->rom);
}

static void pieces_end_where_memory_does(void **state)
{
    struct dma_piece p;
    struct rig r;

    (void)state;
    rig_init(&r);
    assert_true(dma_find(&r.dma, high + 5, 100, true, &p));
    assert_ptr_equal(p.bytes, r.ram.bytes + 4 * PAGE + 5);
    assert_int_equal(p.len, 100);
    assert_int_equal(p.offset, 4 * PAGE + 5);
    assert_true(dma_find(&r.dma, high + 4 * PAGE - 1, UINT64_MAX, true, &p));
    assert_int_equal(p.len, 1);
    assert_true(dma_find(&r.dma, 4 * PAGE - 8, 16, false, &p));
    assert_int_equal(p.len, 8);
    assert_false(dma_find(&r.dma, high + 4 * PAGE, 1, false, &p));
    assert_false(dma_find(&r.dma, high - 1, 1, false, &p));
    assert_false(dma_find(&r.dma, UINT64_MAX, 1, false, &p));
    assert_false(dma_find(&r.dma, 4 * PAGE, 1, true, &p)); /* ROM */
    assert_true(dma_find(&r.dma, 4 * PAGE, 1, false, &p));
    rig_fini(&r);
}

static void copies_across_borders(void **state)
{
    u8 bytes[32], more[32];
    struct rig r;

    (void)state;
    rig_init(&r);
    assert_true(dma_read(&r.dma, 4 * PAGE - 16, bytes, 32)); /* RAM, then ROM */
    assert_int_equal(bytes[15], (u8)((4 * PAGE - 1) / 16));
    assert_int_equal(bytes[16], 0xee);
    assert_false(dma_write(&r.dma, 4 * PAGE - 16, bytes, 32));
    assert_int_equal(r.rom.bytes[0], 0xee);
    assert_false(dma_read(&r.dma, high + 4 * PAGE - 16, bytes, 32));
    memset(more, 0x55, sizeof more);
    assert_true(dma_write(&r.dma, high, more, 32));
    assert_memory_equal(r.ram.bytes + 4 * PAGE, more, 32);
    assert_true(dma_read(&r.dma, high, bytes, 0));
    assert_true(dma_write(&r.dma, 0x1234567890, bytes, 0));
    rig_fini(&r);
}

static void trackers_learn_of_writes(void **state)
{
    struct space_tracker t;
    struct dma_piece p;
    struct rig r;
    u8 two[2] = { 1, 2 };

    (void)state;
    rig_init(&r);
    assert_true(space_track(&r.ram, &t));
    assert_true(dma_read(&r.dma, PAGE, two, 2));
    assert_int_equal(space_dirty_count(&t), 0);
    assert_true(dma_write(&r.dma, high + PAGE - 1, two, 2));
    assert_int_equal(space_dirty_count(&t), 2);
    assert_int_equal(space_dirty_from(&t, 0), 4);
    assert_true(dma_find(&r.dma, PAGE, 2 * PAGE, true, &p));
    dma_mark(&p, 0);
    assert_int_equal(space_dirty_count(&t), 2);
    dma_mark(&p, 1);
    assert_int_equal(space_dirty_from(&t, 0), 1);
    assert_int_equal(space_dirty_count(&t), 3);
    dma_mark_bytes(&r.dma, p.bytes, 0);
    dma_mark_bytes(&r.dma, two, 2); /* no guest's */
    assert_int_equal(space_dirty_count(&t), 3);
    dma_mark_bytes(&r.dma, p.bytes + PAGE, 2);
    assert_int_equal(space_dirty_count(&t), 4);
    assert_int_equal(space_dirty_from(&t, 2), 2);
    space_untrack(&r.ram, &t);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_end_where_memory_does),
        cmocka_unit_test(copies_across_borders),
        cmocka_unit_test(trackers_learn_of_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
