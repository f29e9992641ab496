/* Tables of CPUID leaves as a damaged snapshot, or an odd KVM, could have them: two are read from
 * the bytes, ten bytes a leaf (which of some functions, index, register words). */
#include "fuzz/target.h"
#include "kinds/kvm/cpuid.h"

#include <string.h>

static const u32 functions[] = { 0,          1,          2,          4,          6,
                                 7,          0xb,        0xd,        0x1f,       0x40000000,
                                 0x40000001, 0x40000010, 0x80000000, 0x80000001, 0x80000005,
                                 0x80000008, 0x8000001d, 0x8000001e, 0x80000026 };
enum { LEAF_BYTES = 10 };

static void read_table(struct cpuid *c, const u8 *data, size_t len)
{
    memset(c, 0, sizeof *c);
    for (; len >= LEAF_BYTES && c->count < CPUID_LEAVES; len -= LEAF_BYTES, data += LEAF_BYTES) {
        struct cpuid_leaf *l = &c->leaf[c->count++];

        l->function = functions[data[0] % ARRAY_SIZE(functions)];
        l->index = data[1] & 7;
        l->indexed = data[1] & 0x80;
        l->eax = data[2] | (u32)data[3] << 8 | (u32)(data[1] & 0x70) << 20;
        l->ebx = data[4] | (u32)data[5] << 8 | (u32)data[2] << 24;
        l->ecx = data[6] * 0x01000101u ^ data[7];
        l->edx = data[8] * 0x01010001u ^ (u32)data[9] << 8;
    }
}

static void try(const struct cpuid *supported, enum cpuid_model model, unsigned cpus)
{
    struct cpuid c, own;
    struct err e;

    if (cpuid_choose(supported, model, cpus, &c, &e)) {
        must(e.code == ERR_NOTSUP && e.text[0]);
        return;
    }
    must(c.count <= CPUID_LEAVES);
    for (unsigned i = 0; i < cpus; i++) {
        cpuid_of(&c, i, &own);
        must(own.count == c.count && cpuid_find(&own, 1, 0)->ebx >> 24 == i);
    }
    if (cpuid_fits(&c, supported, &e))
        must(e.code == ERR_MISMATCH || e.code == ERR_FORMAT);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
    struct cpuid a, b;
    struct err e;
    size_t half;

    if (len < 2)
        return 0;
    half = (len - 1) / 2;
    read_table(&a, data + 1, half);
    read_table(&b, data + 1 + half, len - 1 - half);
    try(&a, CPUID_HOST, data[0] % 16 + 1u);
    try(&a, CPUID_BASELINE, data[0] % 16 + 1u);
    if (cpuid_fits(&a, &b, &e))
        must(e.code == ERR_MISMATCH || e.code == ERR_FORMAT);
    return 0;
}
