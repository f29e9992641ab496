/* What every sound chip's test asks: is the way in which time is cut up without effect, is a saved
 * state the whole state, does a damaged one no harm? */
#ifndef NES_CHIP_TEST_H
#define NES_CHIP_TEST_H

#include "base/types.h"
#include "kinds/nes/synth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct chip {
    size_t size;
    const struct fields *(*fields)(void);
    void (*power)(void *chip);
    int (*loaded)(void *chip, struct err *e);
    void (*run)(void *chip, struct synth *out, u64 clk);
    /* A random register write; the caller has not run the chip. */
    void (*poke)(void *chip, struct synth *out, u32 random, u64 clk);
};

static inline u32 chip_random(u32 *x)
{
    *x ^= *x << 13, *x ^= *x >> 17, *x ^= *x << 5; /* xorshift32 (Marsaglia) */
    return *x;
}

static inline void *chip_create(const struct chip *k)
{
    void *c = calloc(1, k->size);

    assert_non_null(c);
    k->power(c);
    return c;
}

struct chip_image {
    u8 *bytes;
    size_t count;
};

static inline struct chip_image chip_save(const struct chip *k, const void *chip)
{
    struct chip_image i = { NULL, field_save(k->fields(), chip, NULL) };

    i.bytes = malloc(i.count);
    assert_non_null(i.bytes);
    field_save(k->fields(), chip, i.bytes);
    return i;
}

static inline void chip_assert_same(const struct chip *k, const void *a, const void *b)
{
    struct chip_image x = chip_save(k, a), y = chip_save(k, b);

    assert_int_equal(x.count, y.count);
    assert_memory_equal(x.bytes, y.bytes, x.count);
    free(x.bytes);
    free(y.bytes);
}

/* Less than the synthesiser holds without being read, so that all of it can be compared. */
enum { CHIP_CYCLES = 60000, CHIP_WRITE_EVERY = 1500, CHIP_ROUNDS = 30 };

static inline void chip_run_random(const struct chip *k, void *chip, struct synth *s, u32 seed,
                                   u64 from, u64 to, u64 cut)
{
    for (u64 clk = from; clk < to; clk++) {
        u32 random = seed ^ (u32)(clk / CHIP_WRITE_EVERY + 1) * 0x9e3779b9u;

        random = random ? random : 1;
        if (clk % CHIP_WRITE_EVERY == 0) {
            for (unsigned i = 0; i < 16; i++)
                k->poke(chip, s, chip_random(&random), clk);
        } else if (clk % cut == 0) {
            k->run(chip, s, clk);
        }
    }
    k->run(chip, s, to);
}

/* Time in single cycles and in long spans comes to the same state and the same sound. */
static inline void chip_check_spans(const struct chip *k)
{
    for (u32 seed = 1; seed <= CHIP_ROUNDS; seed++) {
        struct synth *s = calloc(2, sizeof *s);
        void *a = chip_create(k), *b = chip_create(k);

        assert_non_null(s);
        synth_init(&s[0], 1789773, 1, SYNTH_UNITY);
        synth_init(&s[1], 1789773, 1, SYNTH_UNITY);
        chip_run_random(k, a, &s[0], seed, 0, CHIP_CYCLES, 1);
        chip_run_random(k, b, &s[1], seed, 0, CHIP_CYCLES, CHIP_CYCLES);
        chip_assert_same(k, a, b);
        assert_memory_equal(s[0].delta, s[1].delta, sizeof s[0].delta);
        free(a);
        free(b);
        free(s);
    }
}

/* run(a + b) is run(a), save, load, run(b); and saving again gives the same image. */
static inline void chip_check_save(const struct chip *k)
{
    for (u32 seed = 1; seed <= CHIP_ROUNDS; seed++) {
        u64 half = CHIP_CYCLES / 2 + seed * 7;
        struct synth *s = calloc(2, sizeof *s);
        void *a = chip_create(k), *b = chip_create(k);
        struct chip_image i;
        struct err e;

        assert_non_null(s);
        synth_init(&s[0], 1789773, 1, SYNTH_UNITY);
        chip_run_random(k, a, &s[0], seed, 0, half, 31);
        i = chip_save(k, a);
        s[1] = s[0];
        assert_int_equal(field_load(k->fields(), b, i.bytes, i.count, &e), 0);
        assert_true(!k->loaded || !k->loaded(b, &e));
        chip_assert_same(k, a, b);
        chip_run_random(k, a, &s[0], seed, half, CHIP_CYCLES, 31);
        chip_run_random(k, b, &s[1], seed, half, CHIP_CYCLES, 31);
        chip_assert_same(k, a, b);
        assert_memory_equal(s[0].delta, s[1].delta, sizeof s[0].delta);
        free(i.bytes);
        free(a);
        free(b);
        free(s);
    }
}

/* Damaged images are refused, or run without harm (the sanitizers judge that). */
static inline void chip_check_damage(const struct chip *k)
{
    struct synth *s = calloc(1, sizeof *s);
    void *good = chip_create(k), *bad = chip_create(k);
    u32 random = 1, refused = 0;
    struct chip_image i;

    assert_non_null(s);
    chip_run_random(k, good, NULL, 1, 0, CHIP_CYCLES, 31);
    i = chip_save(k, good);
    for (unsigned round = 0; round < 2000; round++) {
        u8 *copy = malloc(i.count);
        struct err e;

        assert_non_null(copy);
        memcpy(copy, i.bytes, i.count);
        for (unsigned n = 1 + round % 4; n--;)
            copy[chip_random(&random) % i.count] = (u8)chip_random(&random);
        k->power(bad);
        synth_init(s, 1789773, 1, SYNTH_UNITY);
        if (field_load(k->fields(), bad, copy, i.count, &e) || (k->loaded && k->loaded(bad, &e)))
            refused++;
        else
            chip_run_random(k, bad, s, round + 1, CHIP_CYCLES, CHIP_CYCLES + 4000, 4000);
        free(copy);
    }
    assert_in_range(refused, 1, 1999);
    free(i.bytes);
    free(good);
    free(bad);
    free(s);
}

#endif
