/* A virtqueue and a driver that is wrong in every way it can be. */
#include "dev/virtio/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A queue with no device behind it. */
struct bare {
    struct rig rig;
    struct virtq q;
};

static void bare_init(struct bare *b, bool indirect, bool event_index)
{
    struct rig_queue *d = &b->rig.queue[0];
    u64 at = RIG_BASE + 0x1000;

    memset(b, 0, sizeof *b);
    assert_true(rig_init(&b->rig));
    *d = (struct rig_queue) { at, at + 4096, at + 8192, 8, 0, 0, 0 };
    b->q.dma = &b->rig.dma;
    b->q.indirect = indirect;
    b->q.event_index = event_index;
    virtq_reset(&b->q);
    b->q.size = d->size;
    b->q.desc = d->desc, b->q.avail = d->avail, b->q.used = d->used;
    assert_true(virtq_start(&b->q));
}

static void bare_fini(struct bare *b)
{
    space_fini(&b->rig.ram);
}

static void a_chain_and_back(void **state)
{
    struct rig_buffer buffers[] = { { RIG_BASE + 0x30000, 10, false },
                                    { RIG_BASE + 0x31000, 6, false },
                                    { RIG_BASE + 0x32000, 3, true },
                                    { RIG_BASE + 0x33000, 5, true } };
    struct virtq_chain c;
    struct iovec v[4];
    struct bare b;
    u8 got[16];
    u32 len;

    (void)state;
    for (int indirect = 0; indirect < 2; indirect++) {
        bare_init(&b, true, false);
        memcpy(rig_at(&b.rig, buffers[0].address), "0123456789", 10);
        memcpy(rig_at(&b.rig, buffers[1].address), "abcdef", 6);
        (indirect ? rig_add_indirect : rig_add)(&b.rig, 0, buffers, 4);
        assert_int_equal(virtq_next(&b.q, &c), 0); /* not published */
        rig_publish(&b.rig, 0);
        assert_int_equal(virtq_next(&b.q, &c), 1);
        assert_int_equal(c.readable, 2);
        assert_int_equal(c.writable, 2);
        assert_int_equal(c.read_bytes, 16);
        assert_int_equal(c.write_bytes, 8);
        assert_int_equal(chain_read(&c, 7, got, 16), 9);
        assert_memory_equal(got, "789abcdef", 9);
        assert_int_equal(chain_read(&c, 16, got, 1), 0);
        assert_int_equal(chain_write(&c, 2, "xyzuvwww", 8), 6);
        assert_memory_equal(rig_at(&b.rig, buffers[2].address + 2), "x", 1);
        assert_memory_equal(rig_at(&b.rig, buffers[3].address), "yzuvw\0", 6);
        assert_int_equal(chain_pieces(&c, false, 9, 4, v), 2);
        assert_ptr_equal(v[0].iov_base, rig_at(&b.rig, buffers[0].address + 9));
        assert_int_equal(v[0].iov_len, 1);
        assert_int_equal(v[1].iov_len, 3);
        assert_true(virtq_push(&b.q, c.head, 8));
        assert_int_equal(rig_used(&b.rig, 0, &len), c.head);
        assert_int_equal(len, 8);
        assert_true(virtq_tells(&b.q));
        assert_false(virtq_tells(&b.q));
        assert_int_equal(virtq_next(&b.q, &c), 0);
        bare_fini(&b);
    }
}

/* Indexes run over, many times. */
static void round_and_round(void **state)
{
    struct rig_buffer one = { RIG_BASE + 0x30000, 1, false };
    struct virtq_chain c;
    struct bare b;

    (void)state;
    bare_init(&b, false, false);
    for (unsigned i = 0; i < 140000; i++) {
        u16 head = rig_add(&b.rig, 0, &one, 1);

        rig_publish(&b.rig, 0);
        assert_int_equal(virtq_next(&b.q, &c), 1);
        assert_int_equal(c.head, head);
        assert_true(virtq_push(&b.q, c.head, 0));
        assert_int_equal(rig_used(&b.rig, 0, NULL), head);
    }
    bare_fini(&b);
}

static void the_driver_says_when_to_be_told(void **state)
{
    struct rig_buffer one = { RIG_BASE + 0x30000, 1, false };
    struct virtq_chain c;
    struct bare b;

    (void)state;
    bare_init(&b, false, false);
    le_put(rig_at(&b.rig, b.q.avail), 1, 2); /* no interrupt, please */
    rig_add(&b.rig, 0, &one, 1);
    rig_publish(&b.rig, 0);
    assert_int_equal(virtq_next(&b.q, &c), 1);
    virtq_push(&b.q, c.head, 0);
    assert_false(virtq_tells(&b.q));
    bare_fini(&b);

    bare_init(&b, false, true);
    le_put(rig_at(&b.rig, b.q.avail + 4 + 2 * 8), 2, 2); /* used_event: after the third */
    for (unsigned i = 0; i < 4; i++) {
        rig_add(&b.rig, 0, &one, 1);
        rig_publish(&b.rig, 0);
        assert_int_equal(virtq_next(&b.q, &c), 1);
        virtq_push(&b.q, c.head, 0);
        assert_int_equal(virtq_tells(&b.q), i == 2);
    }
    assert_int_equal(virtq_next(&b.q, &c), 0);
    assert_int_equal(le_get(rig_at(&b.rig, b.q.used + 4 + 8 * 8), 2), 4); /* avail_event */
    bare_fini(&b);
}

/* ---- drivers that break the rules ---- */

static struct rig_buffer good = { RIG_BASE + 0x30000, 4, false };
static struct rig_buffer answer = { RIG_BASE + 0x31000, 4, true };

static void circle(struct bare *b)
{
    rig_desc(&b->rig, b->q.desc, 0, &good, 1, 1);
    rig_desc(&b->rig, b->q.desc, 1, &good, 1, 0);
    rig_offer(&b->rig, 0, 0);
}
static void head_outside(struct bare *b)
{
    rig_offer(&b->rig, 0, 8);
}
static void next_outside(struct bare *b)
{
    rig_desc(&b->rig, b->q.desc, 0, &good, 1, 8);
    rig_offer(&b->rig, 0, 0);
}
static void readable_behind_writable(struct bare *b)
{
    struct rig_buffer v[] = { answer, good };

    rig_add(&b->rig, 0, v, 2);
}
static void buffer_outside(struct bare *b)
{
    struct rig_buffer v = { RIG_BASE + RIG_BYTES - 2, 4, true };

    rig_add(&b->rig, 0, &v, 1);
}
static void buffer_below(struct bare *b)
{
    struct rig_buffer v = { RIG_BASE - 2, 4, true };

    rig_add(&b->rig, 0, &v, 1);
}
static void buffer_wraps(struct bare *b)
{
    struct rig_buffer v = { UINT64_MAX - 1, 4, false };

    rig_add(&b->rig, 0, &v, 1);
}
static void too_many_available(struct bare *b)
{
    b->rig.queue[0].next = 9;
}
static void table_in_table(struct bare *b)
{
    struct rig_buffer outer = { RIG_BASE + 0x40000, 16, false };
    struct rig_buffer inner = { RIG_BASE + 0x41000, 16, false };

    rig_desc(&b->rig, b->q.desc, 0, &outer, 4, 0);
    rig_desc(&b->rig, outer.address, 0, &inner, 4, 0);
    rig_desc(&b->rig, inner.address, 0, &good, 0, 0);
    rig_offer(&b->rig, 0, 0);
}
static void table_of_odd_length(struct bare *b)
{
    struct rig_buffer table = { RIG_BASE + 0x40000, 24, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4, 0);
    rig_desc(&b->rig, table.address, 0, &good, 0, 0);
    rig_offer(&b->rig, 0, 0);
}
static void table_empty(struct bare *b)
{
    struct rig_buffer table = { RIG_BASE + 0x40000, 0, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4, 0);
    rig_offer(&b->rig, 0, 0);
}
static void table_and_next(struct bare *b)
{
    struct rig_buffer table = { RIG_BASE + 0x40000, 16, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4 | 1, 1);
    rig_desc(&b->rig, b->q.desc, 1, &good, 0, 0);
    rig_desc(&b->rig, table.address, 0, &good, 0, 0);
    rig_offer(&b->rig, 0, 0);
}
static void table_outside(struct bare *b)
{
    struct rig_buffer table = { RIG_BASE + RIG_BYTES - 8, 16, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4, 0);
    rig_offer(&b->rig, 0, 0);
}
static void table_circle(struct bare *b)
{
    struct rig_buffer table = { RIG_BASE + 0x40000, 16, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4, 0);
    rig_desc(&b->rig, table.address, 0, &good, 1, 0);
    rig_offer(&b->rig, 0, 0);
}
/* Four of a gigabyte and more: the sum is no longer a number of 32 bits. */
static void too_long(struct bare *b)
{
    struct rig_buffer v = { RIG_BASE, RIG_BYTES, false };
    struct rig_buffer table = { RIG_BASE + 0x40000, 0xfff0, false };

    rig_desc(&b->rig, b->q.desc, 0, &table, 4, 0);
    for (u16 i = 0; i < 0xfff; i++)
        rig_desc(&b->rig, table.address, i, &v, 1, (u16)(i + 1));
    rig_offer(&b->rig, 0, 0);
}
static void rings_gone(struct bare *b)
{
    b->q.avail = RIG_BASE + RIG_BYTES;
}
static void descriptors_gone(struct bare *b)
{
    rig_offer(&b->rig, 0, 0);
    b->q.desc = RIG_BASE + RIG_BYTES;
}

static void rules_broken(void **state)
{
    static void (*const all[])(struct bare *) = {
        circle,           head_outside,        next_outside, readable_behind_writable,
        buffer_outside,   buffer_below,        buffer_wraps, too_many_available,
        table_in_table,   table_of_odd_length, table_empty,  table_and_next,
        table_outside,    table_circle,        too_long,     rings_gone,
        descriptors_gone,
    };
    struct virtq_chain c;
    struct bare b;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        bare_init(&b, true, false);
        all[i](&b);
        rig_publish(&b.rig, 0);
        if (virtq_next(&b.q, &c) != -1)
            fail_msg("rule %u may be broken", i);
        bare_fini(&b);
    }
}

/* A table elsewhere is another rule broken where it was not negotiated. */
static void features_bind(void **state)
{
    struct virtq_chain c;
    struct bare b;

    (void)state;
    bare_init(&b, false, false);
    rig_add_indirect(&b.rig, 0, &good, 1);
    rig_publish(&b.rig, 0);
    assert_int_equal(virtq_next(&b.q, &c), -1);
    bare_fini(&b);
}

static void only_sound_ones_start(void **state)
{
    static const struct {
        u16 size;
        u64 desc, avail, used;
    } bad[] = { { 0, 0, 0, 0 }, { 7, 0, 0, 0 }, { 8, 8, 0, 0 }, { 8, 0, 1, 0 }, { 8, 0, 0, 2 } };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        struct virtq q = {
            .size = bad[i].size, .desc = bad[i].desc, .avail = bad[i].avail, .used = bad[i].used
        };

        assert_false(virtq_start(&q));
        assert_false(q.ready);
    }
}

/* The used ring is written through the door that trackers watch. */
static void trackers_see_all(void **state)
{
    struct space_tracker t;
    struct virtq_chain c;
    struct bare b;

    (void)state;
    bare_init(&b, false, true);
    rig_add(&b.rig, 0, &answer, 1);
    rig_publish(&b.rig, 0);
    assert_true(space_track(&b.rig.ram, &t));
    assert_int_equal(virtq_next(&b.q, &c), 1);
    assert_int_equal(space_dirty_count(&t), 0);
    chain_write(&c, 0, "1234", 4);
    assert_int_equal(space_dirty_from(&t, 0), 0x31);
    virtq_push(&b.q, c.head, 4);
    assert_int_equal(space_dirty_from(&t, 0), 3);
    assert_int_equal(space_dirty_count(&t), 2);
    space_untrack(&b.rig.ram, &t);
    bare_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_and_back),
        cmocka_unit_test(round_and_round),
        cmocka_unit_test(the_driver_says_when_to_be_told),
        cmocka_unit_test(rules_broken),
        cmocka_unit_test(features_bind),
        cmocka_unit_test(only_sound_ones_start),
        cmocka_unit_test(trackers_see_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
