/* CPUID's arithmetic on tables of two processors, as a KVM would give them. */
#include "kinds/kvm/cpuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SMT = 1, CORE = 2, HT = 1 << 28, DEADLINE = 1 << 24, HYPERVISOR_BIT = 31, AVX2 = 1 << 5 };

/* As an EPYC of the first generation, with the levels of another machine in it. */
static const struct cpuid_leaf epyc[] = {
    { 0, 0, false, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
    { 1, 0, false, 0x800f12, 0x05100800, 0x7ef83203 | DEADLINE, 0x178bfbff },
    { 6, 0, false, 4, 0, 0, 0 },
    { 7, 0, true, 0, 0x209c01a9, 0, 0 },
    { 0xb, 0, true, 1, 2, 0x100, 5 },
    { 0xb, 1, true, 4, 16, 0x201, 5 },
    { 0xd, 0, true, 7, 0x340, 0x340, 0 },
    { 0xd, 1, true, 0xf, 0x340, 0, 0 },
    { 0xd, 2, true, 0x100, 0x240, 0, 0 },
    { 0x40000000, 0, false, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
    { 0x40000001, 0, false, 0x01007efb, 0, 0, 0 },
    { 0x80000000, 0, false, 0x8000001f, 0x68747541, 0x444d4163, 0x69746e65 },
    { 0x80000001, 0, false, 0x800f12, 0, 0x004003f3, 0x2fd3fbff },
    { 0x80000005, 0, false, 0xff40ff40, 0xff40ff40, 0x20080140, 0x40040140 },
    { 0x80000008, 0, false, 0x3030, 0x1000, 0x700f, 0 },
    { 0x8000001d, 0, true, 0x4121, 0x1c0003f, 0x3f, 0 },
    { 0x8000001d, 1, true, 0x1c163, 0x3c0003f, 0x1fff, 1 },
    { 0x8000001e, 0, false, 5, 0x102, 0x300, 0 },
};
/* And a Skylake server. */
static const struct cpuid_leaf skylake[] = {
    { 0, 0, false, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69 },
    { 1, 0, false, 0x50654, 0x07400800, 0xf7fa3203 | DEADLINE, 0x0f8bfbff },
    { 4, 0, true, 0x7c004121, 0x1c0003f, 0x3f, 0 },
    { 4, 1, true, 0x7c07c163, 0x280003f, 0x5fff, 4 },
    { 6, 0, false, 4, 0, 0, 0 },
    { 7, 0, true, 0, 0xd19f4fbb, 0x0c, 0xac000400 },
    { 0xb, 0, true, 0, 0, 0, 7 },
    { 0x1f, 0, true, 0, 0, 0, 7 },
    { 0x40000000, 0, false, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
    { 0x40000001, 0, false, 0x01007efb, 0, 0, 0 },
    { 0x80000000, 0, false, 0x80000008, 0, 0, 0 },
    { 0x80000001, 0, false, 0, 0, 0x121, 0x2c100800 },
    { 0x80000008, 0, false, 0x302e, 0, 0, 0 },
};

static struct cpuid table(const struct cpuid_leaf *list, unsigned count)
{
    struct cpuid c = { .count = (u16)count, .tsc_khz = 2500000 };

    memcpy(c.leaf, list, count * sizeof *list);
    return c;
}
#define TABLE(list) table(list, ARRAY_SIZE(list))

static const struct cpuid_leaf *leaf(const struct cpuid *c, u32 function, u32 index)
{
    const struct cpuid_leaf *l = cpuid_find(c, function, index);

    if (!l)
        fail_msg("no leaf %#x.%u", function, index);
    return l;
}

static struct cpuid *leaf_set(struct cpuid *c, u32 function, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
    struct cpuid_leaf *l = (struct cpuid_leaf *)leaf(c, function, 0);

    l->eax &= ~eax;
    l->ebx &= ~ebx;
    l->ecx &= ~ecx;
    l->edx &= ~edx;
    return c;
}

static struct cpuid chosen(const struct cpuid *supported, enum cpuid_model model, unsigned cpus)
{
    struct cpuid c;
    struct err e;

    if (cpuid_choose(supported, model, cpus, &c, &e))
        fail_msg("%s", e.text);
    return c;
}

/* ---- topology ---- */

/* What holds for every count of vCPUs and both models: a package with that many cores. */
static void check_levels(const struct cpuid *machine, unsigned cpus, u32 function)
{
    for (unsigned i = 0; i < cpus; i++) {
        struct cpuid own;
        const struct cpuid_leaf *smt, *core;

        cpuid_of(machine, i, &own);
        assert_int_equal(leaf(&own, 1, 0)->ebx >> 24, i);
        smt = leaf(&own, function, 0);
        core = leaf(&own, function, 1);
        assert_int_equal(smt->eax, 0);
        assert_int_equal(smt->ebx, 1);
        assert_int_equal(smt->ecx, SMT << 8);
        assert_int_equal(core->ebx, cpus);
        assert_int_equal(core->ecx, 1 | CORE << 8);
        assert_int_equal(smt->edx, i);
        assert_int_equal(core->edx, i);
        assert_true(i >> core->eax == 0); /* all in package 0 */
        assert_true(cpus == 1 || cpus > 1u << (core->eax - 1));
        assert_int_equal(leaf(&own, function, 2)->ecx, 2); /* of no type: the end */
        assert_null(cpuid_find(&own, function, 3));
    }
}

static void each_count_is_a_package_of_cores(void **state)
{
    struct cpuid amd = TABLE(epyc), intel = TABLE(skylake);

    (void)state;
    for (unsigned n = 1; n <= 16; n++) {
        struct cpuid c = chosen(&amd, CPUID_HOST, n);
        unsigned id_bits = leaf(&c, 0x80000008, 0)->ecx >> 12 & 15;

        check_levels(&c, n, 0xb);
        assert_int_equal(leaf(&c, 1, 0)->ebx >> 16 & 0xff, n);
        assert_int_equal(!!(leaf(&c, 1, 0)->edx & HT), n > 1);
        assert_int_equal(leaf(&c, 0x80000001, 0)->ecx >> 1 & 1, n > 1);
        assert_int_equal(leaf(&c, 0x80000008, 0)->ecx & 0xff, n - 1);
        assert_true(1u << id_bits >= n && (n == 1 || 1u << (id_bits - 1) < n));
        assert_int_equal(leaf(&c, 0x8000001d, 0)->eax >> 14, 0);
        assert_int_equal(leaf(&c, 0x8000001d, 1)->eax >> 14, n - 1);
        for (unsigned i = 0; i < n; i++) {
            struct cpuid own;

            cpuid_of(&c, i, &own);
            assert_int_equal(leaf(&own, 0x8000001e, 0)->eax, i);
            assert_int_equal(leaf(&own, 0x8000001e, 0)->ebx, i); /* core i, one thread */
            assert_int_equal(leaf(&own, 0x8000001e, 0)->ecx, 0);
        }
        c = chosen(&intel, CPUID_HOST, n);
        check_levels(&c, n, 0xb);
        check_levels(&c, n, 0x1f);
        assert_int_equal(leaf(&c, 4, 0)->eax >> 14 & 0xfff, 0);
        assert_true((leaf(&c, 4, 1)->eax >> 14 & 0xfff) + 1 >= n);
        assert_true((leaf(&c, 4, 0)->eax >> 26) + 1 >= n);
        assert_int_equal(leaf(&c, 4, 1)->eax & 0x3fff, 0x163 | 0 << 5);
        c = chosen(&amd, CPUID_BASELINE, n);
        check_levels(&c, n, 0xb);
        c = chosen(&intel, CPUID_BASELINE, n);
        check_levels(&c, n, 0xb);
    }
}

/* ---- the models ---- */

static void the_host_is_given_whole(void **state)
{
    struct cpuid supported = TABLE(epyc), c = chosen(&supported, CPUID_HOST, 2);

    (void)state;
    assert_int_equal(leaf(&c, 7, 0)->ebx, leaf(&supported, 7, 0)->ebx);
    assert_int_equal(leaf(&c, 0xd, 2)->eax, 0x100);
    assert_int_equal(leaf(&c, 1, 0)->ecx, leaf(&supported, 1, 0)->ecx | 1u << HYPERVISOR_BIT);
    assert_int_equal(leaf(&c, 0x40000000, 0)->eax, 0x40000010);
    assert_int_equal(leaf(&c, 0x40000010, 0)->eax, 2500000);
    assert_int_equal(leaf(&c, 0x40000010, 0)->ebx, 1000000);
    supported.tsc_khz = 0;
    c = chosen(&supported, CPUID_HOST, 2);
    assert_null(cpuid_find(&c, 0x40000010, 0));
}

static void no_guest_is_a_host(void **state)
{
    enum { VMX = 1 << 5, SMX = 1 << 6, SVM = 1 << 2, SKINIT = 1 << 12, NPT = 1 };
    struct cpuid amd = TABLE(epyc), intel = TABLE(skylake), c;
    struct err e;

    (void)state;
    ((struct cpuid_leaf *)leaf(&amd, 0x80000001, 0))->ecx |= SVM | SKINIT;
    amd.leaf[amd.count++] = (struct cpuid_leaf) { .function = 0x8000000a, .eax = 1, .edx = NPT };
    ((struct cpuid_leaf *)leaf(&intel, 1, 0))->ecx |= VMX | SMX;
    for (unsigned model = CPUID_HOST; model <= CPUID_BASELINE; model++) {
        c = chosen(&amd, model, 2);
        assert_int_equal(leaf(&c, 0x80000001, 0)->ecx & (SVM | SKINIT), 0);
        assert_int_not_equal(leaf(&c, 0x80000001, 0)->ecx & 1, 0); /* lahf_lm is still there */
        assert_null(cpuid_find(&c, 0x8000000a, 0));
        c = chosen(&intel, model, 2);
        assert_int_equal(leaf(&c, 1, 0)->ecx & (VMX | SMX), 0);
    }
    /* One that was given them before goes on with them. */
    assert_int_equal(cpuid_fits(&amd, &amd, &e), 0);
}

static void the_baseline_has_no_more_than_it_says(void **state)
{
    struct cpuid amd = TABLE(epyc), intel = TABLE(skylake);
    struct cpuid a = chosen(&amd, CPUID_BASELINE, 4), b = chosen(&intel, CPUID_BASELINE, 4);

    (void)state;
    assert_int_equal(leaf(&a, 0, 0)->eax, 0xb);
    assert_int_equal(leaf(&a, 7, 0)->ebx, 0); /* no AVX2, no BMI */
    assert_int_equal(leaf(&a, 1, 0)->ecx,
                     1u << HYPERVISOR_BIT | DEADLINE | 0x02b82203 /* v2, AES, x2APIC */);
    assert_int_equal(leaf(&b, 1, 0)->ecx, leaf(&a, 1, 0)->ecx);
    assert_int_equal(leaf(&b, 1, 0)->edx, leaf(&a, 1, 0)->edx);
    assert_null(cpuid_find(&a, 0xd, 0)); /* no XSAVE: its state is FXSAVE's */
    assert_int_equal(leaf(&b, 0x80000001, 0)->edx, 1 << 11 | 1 << 20 | 1 << 29);
    assert_int_equal(leaf(&a, 0x80000001, 0)->edx & (1 << 11 | 1 << 20 | 1 << 29),
                     1 << 11 | 1 << 20 | 1 << 29);
    assert_int_equal(leaf(&a, 0x80000008, 0)->eax, 0x3028);
    assert_int_equal(leaf(&b, 0x80000008, 0)->eax, 0x3028);
    assert_int_equal(leaf(&a, 0x80000008, 0)->ebx, 0x1000); /* IBPB, which it has */
    assert_int_equal(leaf(&b, 7, 0)->edx, 0x8c000400);      /* without ARCH_CAPABILITIES */
    assert_int_equal(leaf(&a, 1, 0)->eax, 0x800f12);
    assert_int_equal(leaf(&b, 1, 0)->eax, 0x106a3);
}

static void a_baseline_that_cannot_be_had_names_what_is_missing(void **state)
{
    struct cpuid supported = TABLE(epyc), c;
    struct err e;

    (void)state;
    leaf_set(&supported, 1, 0, 0, 1 << 23 | 1 << 25, 0);
    leaf_set(&supported, 0x80000001, 0, 0, 1, 0);
    assert_int_equal(cpuid_choose(&supported, CPUID_BASELINE, 1, &c, &e), -ERR_NOTSUP);
    assert_non_null(strstr(e.text, "popcnt, aes, lahf_lm"));
    chosen(&supported, CPUID_HOST, 1);
    supported.count = 0;
    assert_int_equal(cpuid_choose(&supported, CPUID_HOST, 1, &c, &e), -ERR_NOTSUP);
}

/* ---- moving ---- */

static void what_a_host_lacks_is_named(void **state)
{
    struct cpuid big = TABLE(epyc), small = TABLE(epyc), other = TABLE(skylake);
    struct cpuid c = chosen(&big, CPUID_HOST, 2), base = chosen(&big, CPUID_BASELINE, 2);
    struct err e;

    (void)state;
    leaf_set(&small, 7, 0, AVX2, 0, 0);
    leaf_set(&small, 0xd, 4, 0, 0, 0);
    assert_int_equal(cpuid_fits(&c, &big, &e), 0);
    assert_int_equal(cpuid_fits(&c, &small, &e), -ERR_MISMATCH);
    assert_non_null(strstr(e.text, "avx2, ymm"));
    assert_int_equal(cpuid_fits(&base, &small, &e), 0); /* that is what it is for */
    assert_int_equal(cpuid_fits(&base, &other, &e), -ERR_MISMATCH);
    assert_non_null(strstr(e.text, "AuthenticAMD"));
    assert_non_null(strstr(e.text, "GenuineIntel"));
    leaf_set(&small, 0x80000008, 0x10, 0, 0, 0); /* 32 bits */
    assert_int_equal(cpuid_fits(&base, &small, &e), -ERR_MISMATCH);
    assert_non_null(strstr(e.text, "physical address"));
    leaf_set(&small, 1, 0, 0, ~0u, ~0u);
    assert_int_equal(cpuid_fits(&c, &small, &e), -ERR_MISMATCH); /* long, and cut */
    assert_non_null(strstr(e.text, "..."));
    memset(&c, 0, sizeof c);
    assert_int_equal(cpuid_fits(&c, &big, &e), -ERR_FORMAT);
}

static void a_table_survives_saving(void **state)
{
    struct cpuid supported = TABLE(skylake), c = chosen(&supported, CPUID_HOST, 3), *back;
    size_t len = field_save(cpuid_fields(), &c, NULL);
    u8 *image = malloc(len);
    struct err e;

    (void)state;
    back = calloc(1, sizeof *back);
    assert_non_null(image);
    assert_non_null(back);
    field_save(cpuid_fields(), &c, image);
    assert_int_equal(field_load(cpuid_fields(), back, image, len, &e), 0);
    assert_int_equal(cpuid_fits(back, &supported, &e), 0);
    assert_int_equal(leaf(back, 0xb, 1)->ebx, 3);
    free(back);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_count_is_a_package_of_cores),
        cmocka_unit_test(the_host_is_given_whole),
        cmocka_unit_test(no_guest_is_a_host),
        cmocka_unit_test(the_baseline_has_no_more_than_it_says),
        cmocka_unit_test(a_baseline_that_cannot_be_had_names_what_is_missing),
        cmocka_unit_test(what_a_host_lacks_is_named),
        cmocka_unit_test(a_table_survives_saving),
    };

    return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
