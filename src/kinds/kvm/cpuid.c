#include "kinds/kvm/cpuid.h"

#include <stdio.h>
#include <string.h>

FIELD_TABLE(cpuid_leaf, 1, CPUID_LEAF)
FIELD_TABLE(cpuid, 1, CPUID)

enum reg { EAX, EBX, ECX, EDX };
enum {
    SIGNATURE = 0x40000000,
    FEATURES = 0x40000001,
    TIMING = 0x40000010,
    EXTENDED = 0x80000000,
};

/* ---- the table ---- */

const struct cpuid_leaf *cpuid_find(const struct cpuid *c, u32 function, u32 index)
{
    for (unsigned i = 0; i < c->count; i++) {
        const struct cpuid_leaf *l = &c->leaf[i];

        if (l->function == function && (!l->indexed || l->index == index))
            return l;
    }
    return NULL;
}

static struct cpuid_leaf *find(struct cpuid *c, u32 function, u32 index)
{
    return (struct cpuid_leaf *)cpuid_find(c, function, index);
}

static u32 *word(struct cpuid_leaf *l, enum reg r)
{
    return r == EAX ? &l->eax : r == EBX ? &l->ebx : r == ECX ? &l->ecx : &l->edx;
}

static u32 value(const struct cpuid *c, u32 function, u32 index, enum reg r)
{
    const struct cpuid_leaf *l = cpuid_find(c, function, index);

    return l ? *word((struct cpuid_leaf *)l, r) : 0;
}

static void drop(struct cpuid *c, u32 function)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->count; i++)
        if (c->leaf[i].function != function)
            c->leaf[kept++] = c->leaf[i];
    c->count = (u16)kept;
}

/* One more; a table that is full has no place for it. */
static void put(struct cpuid *c, struct cpuid_leaf l)
{
    if (c->count < CPUID_LEAVES)
        c->leaf[c->count++] = l;
}

static bool is_amd(const struct cpuid *c)
{
    const struct cpuid_leaf *l = cpuid_find(c, 0, 0);
    char name[13] = "";

    if (!l)
        return false;
    memcpy(name, &l->ebx, 4);
    memcpy(name + 4, &l->edx, 4);
    memcpy(name + 8, &l->ecx, 4);
    return !strcmp(name, "AuthenticAMD") || !strcmp(name, "HygonGenuine");
}

/* ---- features by name ---- */

/* The words whose bits say what a processor can do, and the bits' names from the lowest; '-': it
 * has no name here. */
struct feature_word {
    u32 function, index;
    enum reg reg;
    const char *names;
};

static const struct feature_word words[] = {
    { 1, 0, ECX,
      "sse3 pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - "
      "pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline aes xsave osxsave avx f16c rdrand "
      "hypervisor" },
    { 1, 0, EDX,
      "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts "
      "acpi mmx fxsr sse sse2 ss ht tm ia64 pbe" },
    { 6, 0, EAX, "dtherm ida arat" },
    { 7, 0, EBX,
      "fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only smep bmi2 erms invpcid rtm cqm "
      "zero_fcs_fds mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb "
      "intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl" },
    { 7, 0, ECX,
      "prefetchwt1 avx512vbmi umip pku ospke waitpkg avx512_vbmi2 shstk gfni vaes vpclmulqdq "
      "avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid keylocker "
      "bus_lock_detect cldemote - movdiri movdir64b enqcmd sgx_lc pks" },
    { 7, 0, EDX,
      "- sgx_keys avx512_4vnniw avx512_4fmaps fsrm uintr - - avx512_vp2intersect srbds_ctrl "
      "md_clear rtm_always_abort - tsx_force_abort serialize hybrid tsxldtrk - pconfig arch_lbr "
      "ibt - amx_bf16 avx512_fp16 amx_tile amx_int8 spec_ctrl stibp flush_l1d arch_capabilities "
      "core_capabilities ssbd" },
    { 7, 1, EAX,
      "sha512 sm3 sm4 rao_int avx_vnni avx512_bf16 lass cmpccxadd - - fzrm fsrs fsrc - - - - fred "
      "lkgs wrmsrns - amx_fp16 hreset avx_ifma - - lam" },
    { 7, 1, EDX, "- - - - avx_vnni_int8 avx_ne_convert - - amx_complex - - - - - prefetchi" },
    { 7, 2, EDX, "psfd ipred_ctrl rrsba_ctrl ddpd_u bhi_ctrl mcdt_no" },
    { 0xd, 0, EAX, "x87 xmm ymm bndregs bndcsr opmask zmm_high zmm16 pt_state pkru_state" },
    { 0xd, 0, EDX, "" },
    { 0xd, 1, EAX, "xsaveopt xsavec xgetbv1 xsaves xfd" },
    { 0xd, 1, ECX, "" },
    { FEATURES, 0, EAX,
      "clocksource nop_io_delay mmu_op clocksource2 async_pf steal_time pv_eoi pv_unhalt - "
      "pv_tlb_flush async_pf_vmexit pv_send_ipi poll_control pv_sched_yield async_pf_int "
      "msi_ext_dest_id map_gpa_range migration_control - - - - - - clocksource_stable" },
    { EXTENDED + 1, 0, ECX,
      "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop "
      "skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc "
      "perfctr_llc mwaitx" },
    { EXTENDED + 1, 0, EDX,
      "fpu vme de pse tsc msr pae mce cx8 apic - syscall mtrr pge mca cmov pat pse36 - mp nx - "
      "mmxext mmx fxsr fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow" },
    { EXTENDED + 7, 0, EDX, "- - - - - - - - invtsc" },
    { EXTENDED + 8, 0, EBX,
      "clzero irperf xsaveerptr invlpgb rdpru - mba - mcommit wbnoinvd - - ibpb int_wbinvd ibrs "
      "stibp ibrs_always stibp_always ibrs_preferred ibrs_same_mode efer_lmsle_no - - ppin ssbd "
      "virt_ssbd ssb_no cppc psfd btc_no ibpb_ret" },
    { EXTENDED + 0xa, 0, EDX,
      "npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists - - pausefilter "
      "- pfthreshold avic - v_vmsave_vmload vgif gmet x2avic" },
    { EXTENDED + 0x21, 0, EAX, "no_nested_data_bp - lfence_rdtsc - - - null_sel_clr_base" },
};

/* What is so whatever the host has: ours to say (hypervisor, ht, cmp_legacy), or a copy of what the
 * guest has set (apic, osxsave, ospke; monitor, which a guest may turn off). */
static const char *const not_compared = "hypervisor ht cmp_legacy apic osxsave ospke monitor";

static size_t word_length(const char *at)
{
    return strcspn(at, " ");
}

/* The name of a bit; *len 0: it has none. */
static const char *bit_name(const char *names, unsigned bit, size_t *len)
{
    for (; bit; bit--) {
        names += word_length(names);
        names += *names == ' ';
    }
    *len = *names == '-' ? 0 : word_length(names);
    return names;
}

static u32 bits_named(const char *names, const char *wanted)
{
    u32 mask = 0;

    for (unsigned bit = 0; bit < 32; bit++) {
        size_t len, n;
        const char *name = bit_name(names, bit, &len);

        for (const char *w = wanted; len && *w; w += n, w += *w == ' ') {
            n = word_length(w);
            if (n == len && !memcmp(w, name, n))
                mask |= 1u << bit;
        }
    }
    return mask;
}

static const struct feature_word *word_of(u32 function, u32 index, enum reg reg)
{
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].function == function && words[i].index == index && words[i].reg == reg)
            return &words[i];
    return NULL;
}

/* Adds names to a sentence, as many as it has room for. */
static void say_bits(const struct feature_word *w, u32 missing, char *text, size_t room)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        size_t at = strlen(text), len;
        const char *name = bit_name(w->names, bit, &len);

        if (!(missing >> bit & 1))
            continue;
        if (room - at < 48) {
            snprintf(text + at, room - at, "%s", at && text[at - 1] != '.' ? " ..." : "");
            return;
        }
        if (len)
            snprintf(text + at, room - at, "%s%.*s", at ? ", " : "", (int)len, name);
        else
            snprintf(text + at, room - at, "%sbit %u of %s in leaf %#x", at ? ", " : "", bit,
                     (const char *const[]) { "EAX", "EBX", "ECX", "EDX" }[w->reg], w->function);
    }
}

/* ---- topology ---- */

static unsigned bits_for(unsigned count)
{
    unsigned bits = 0;

    while (1u << bits < count)
        bits++;
    return bits;
}

/* Leaves 4 and 0x8000001d: the first two levels belong to a core, the third to all. */
static void share_caches(struct cpuid *c, u32 function, unsigned sharers, unsigned cores)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct cpuid_leaf *l = &c->leaf[i];
        unsigned level = l->eax >> 5 & 7;

        if (l->function != function || !(l->eax & 31))
            continue;
        l->eax = (l->eax & 0x3fff) | (level >= 3 ? sharers - 1 : 0) << 14;
        if (function == 4)
            l->eax |= (cores - 1) << 26;
    }
}

/* A leaf that lists levels: one thread in a core, `cpus` of them in the package. */
static void put_levels(struct cpuid *c, u32 function, unsigned cpus, unsigned core_type,
                       unsigned package_type)
{
    bool amd = function == EXTENDED + 0x26;
    const struct cpuid_leaf levels[] = {
        { .ebx = 1, .ecx = core_type << 8 },
        { .eax = bits_for(cpus), .ebx = cpus, .ecx = 1 | package_type << 8 },
        { .ecx = 2 },
    };

    drop(c, function);
    for (unsigned i = 0; i < ARRAY_SIZE(levels); i++) {
        struct cpuid_leaf l = levels[i];

        l.function = function;
        l.index = i;
        l.indexed = true;
        if (amd && i == 2)
            l.ecx = 0;
        put(c, l);
    }
}

static void set_amd_topology(struct cpuid *c, unsigned cpus)
{
    struct cpuid_leaf *l = find(c, EXTENDED + 8, 0);

    if (l)
        l->ecx = (l->ecx & ~0xf0ffu) | bits_for(cpus) << 12 | (cpus - 1);
    l = find(c, EXTENDED + 1, 0);
    if (l)
        l->ecx = (l->ecx & ~2u) | (cpus > 1 ? 2 : 0); /* cmp_legacy: ht means cores */
    l = find(c, EXTENDED + 0x1e, 0);
    if (l)
        l->eax = l->ebx = l->ecx = 0; /* one thread in a core, one node */
    share_caches(c, EXTENDED + 0x1d, cpus, cpus);
    if (cpuid_find(c, EXTENDED + 0x26, 0))
        put_levels(c, EXTENDED + 0x26, cpus, 1, 4);
}

static void set_topology(struct cpuid *c, unsigned cpus)
{
    struct cpuid_leaf *l = find(c, 1, 0), *first = find(c, 0, 0);
    unsigned room = 1u << bits_for(cpus);

    if (l) {
        l->ebx = (l->ebx & 0xffff) | (is_amd(c) ? cpus : room) << 16;
        l->edx = (l->edx & ~(1u << 28)) | (cpus > 1 ? 1u << 28 : 0);
    }
    share_caches(c, 4, room, room);
    if (first && first->eax < 0xb)
        first->eax = 0xb; /* without it no APIC number of more than 8 bits */
    put_levels(c, 0xb, cpus, 1, 2);
    if (value(c, 0, 0, EAX) >= 0x1f)
        put_levels(c, 0x1f, cpus, 1, 2);
    if (is_amd(c))
        set_amd_topology(c, cpus);
}

void cpuid_of(const struct cpuid *machine, unsigned index, struct cpuid *out)
{
    *out = *machine;
    for (unsigned i = 0; i < out->count; i++) {
        struct cpuid_leaf *l = &out->leaf[i];

        switch (l->function) {
        case 1: l->ebx = (l->ebx & 0xffffff) | index << 24; break;
        case 0xb:
        case 0x1f:
        case EXTENDED + 0x26: l->edx = index; break;
        case EXTENDED + 0x1e:
            l->eax = index;
            l->ebx = (l->ebx & ~0xffu) | (index & 0xff);
            break;
        default: break;
        }
    }
}

/* ---- the baseline ---- */

/* x86-64-v2 of the System V ABI, and AES; `also` is given where it is there: what mends the
 * processors' faults, for guests that care, and what spares exits. */
static const struct {
    u32 function;
    enum reg reg;
    const char *required, *also;
} baseline[] = {
    { 1, ECX, "sse3 ssse3 cx16 sse4_1 sse4_2 popcnt pclmulqdq aes x2apic", "tsc_deadline" },
    { 1, EDX,
      "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse "
      "sse2",
      "vme" },
    { 6, EAX, "", "arat" },
    { 7, EDX, "", "md_clear spec_ctrl stibp ssbd" },
    { FEATURES, EAX, "clocksource2",
      "clocksource nop_io_delay steal_time pv_eoi pv_unhalt clocksource_stable" },
    { EXTENDED + 1, ECX, "lahf_lm", "" },
    { EXTENDED + 1, EDX, "syscall nx lm", "" },
    { EXTENDED + 8, EBX, "", "ibpb ibrs stibp ssbd virt_ssbd" },
};

enum {
    NEHALEM = 0x106a3, /* family 6, model 26: the first of Intel's that has all this */
    ZEN = 0x800f12,    /* family 23, model 1: the first of AMD's that hosts are likely to be */
    PHYSICAL_BITS = 40,
    VIRTUAL_BITS = 48,
};

static int check_baseline(const struct cpuid *supported, struct err *e)
{
    char text[160] = "";

    for (unsigned i = 0; i < ARRAY_SIZE(baseline); i++) {
        const struct feature_word *w = word_of(baseline[i].function, 0, baseline[i].reg);
        u32 required = bits_named(w->names, baseline[i].required);

        say_bits(w, required & ~value(supported, w->function, 0, w->reg), text, sizeof text);
    }
    return text[0] ? err_set(e, ERR_NOTSUP,
                             "cpu baseline: this host's processor, or its KVM, has no %s", text)
                   : 0;
}

static void put_brand(struct cpuid *c)
{
    char text[48] = "mews baseline processor (x86-64-v2)";

    for (u32 i = 0; i < 3; i++) {
        struct cpuid_leaf l = { .function = EXTENDED + 2 + i };

        memcpy(&l.eax, text + 16 * i, 16);
        put(c, l);
    }
}

/* The leaves of which nothing is common but their meaning: caches, for who wants to know. */
static void copy_leaves(struct cpuid *c, const struct cpuid *from, u32 function)
{
    for (unsigned i = 0; i < from->count; i++)
        if (from->leaf[i].function == function)
            put(c, from->leaf[i]);
}

static void put_features(struct cpuid *c, const struct cpuid *supported)
{
    for (unsigned i = 0; i < ARRAY_SIZE(baseline); i++) {
        const struct feature_word *w = word_of(baseline[i].function, 0, baseline[i].reg);
        u32 mask = bits_named(w->names, baseline[i].required) |
                   bits_named(w->names, baseline[i].also);
        struct cpuid_leaf *l = find(c, w->function, 0);

        if (!l) {
            put(c, (struct cpuid_leaf) { .function = w->function, .indexed = w->function == 7 });
            l = &c->leaf[c->count - 1];
        }
        *word(l, w->reg) |= value(supported, w->function, 0, w->reg) & mask;
    }
}

static void make_baseline(const struct cpuid *supported, struct cpuid *c)
{
    bool amd = is_amd(supported);
    struct cpuid_leaf first = *cpuid_find(supported, 0, 0), *l;
    u32 bits = value(supported, EXTENDED + 8, 0, EAX) & 0xff;

    *c = (struct cpuid) { .tsc_khz = supported->tsc_khz };
    first.eax = 0xb;
    put(c, first);
    put(c, (struct cpuid_leaf) { .function = 1,
                                 .eax = amd ? ZEN : NEHALEM,
                                 .ebx = value(supported, 1, 0, EBX) & 0xff00 });
    if (!amd)
        put(c, (struct cpuid_leaf) { .function = 2, .eax = 0xff01 }); /* see leaf 4 */
    copy_leaves(c, supported, 4);
    copy_leaves(c, supported, SIGNATURE);
    put(c, (struct cpuid_leaf) { .function = EXTENDED, .eax = EXTENDED + 8 });
    put_features(c, supported);
    put_brand(c);
    copy_leaves(c, supported, EXTENDED + 5);
    copy_leaves(c, supported, EXTENDED + 6);
    l = find(c, EXTENDED + 8, 0);
    l->eax = VIRTUAL_BITS << 8 | (bits && bits < PHYSICAL_BITS ? bits : PHYSICAL_BITS);
    l = find(c, EXTENDED + 1, 0);
    l->eax = amd ? ZEN : 0;
    if (amd) /* AMD's processors say there what they have said in leaf 1 */
        l->edx |= value(c, 1, 0, EDX) & 0x0183f3ff;
}

/* ---- choosing ---- */

/* The frequency of the counter and of the APIC's bus, in kHz, as VMware has begun to tell it. */
static void put_timing(struct cpuid *c)
{
    struct cpuid_leaf *l = find(c, SIGNATURE, 0);

    if (!l || !c->tsc_khz)
        return;
    drop(c, TIMING);
    l = find(c, SIGNATURE, 0);
    if (l->eax < TIMING)
        l->eax = TIMING;
    put(c, (struct cpuid_leaf) { .function = TIMING, .eax = c->tsc_khz, .ebx = 1000000 });
}

/* What a processor has to be a host itself. A guest's guests are not ours to hold: it would have a
 * hypervisor's worth of the host's kernel to try, and a state that no snapshot has. */
static void hide_nesting(struct cpuid *c)
{
    static const struct {
        u32 function;
        const char *names;
    } hidden[] = { { 1, "vmx smx" }, { EXTENDED + 1, "svm skinit" } };

    for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++) {
        struct cpuid_leaf *l = find(c, hidden[i].function, 0);

        if (l)
            l->ecx &= ~bits_named(word_of(hidden[i].function, 0, ECX)->names, hidden[i].names);
    }
    drop(c, EXTENDED + 0xa);
}

int cpuid_choose(const struct cpuid *supported, enum cpuid_model model, unsigned cpus,
                 struct cpuid *out, struct err *e)
{
    struct cpuid_leaf *l;

    if (!cpuid_find(supported, 0, 0) || !cpuid_find(supported, 1, 0))
        return err_set(e, ERR_NOTSUP, "the host's KVM does not say what its processor is");
    if (model == CPUID_BASELINE) {
        if (check_baseline(supported, e))
            return -(int)e->code;
        make_baseline(supported, out);
    } else {
        *out = *supported;
        hide_nesting(out);
    }
    l = find(out, 1, 0);
    l->ecx |= 1u << 31; /* hypervisor: by it a guest knows that it is one, and asks further */
    set_topology(out, cpus);
    put_timing(out);
    return 0;
}

/* ---- judging ---- */

static int check_vendor(const struct cpuid *machine, const struct cpuid *supported, struct err *e)
{
    const struct cpuid_leaf *a = cpuid_find(machine, 0, 0), *b = cpuid_find(supported, 0, 0);
    char was[13] = "", is[13] = "";

    if (!a || !b || !cpuid_find(machine, 1, 0))
        return err_set(e, ERR_FORMAT, "it says nothing of the processor");
    for (unsigned i = 0; i < 3; i++) {
        const enum reg order[] = { EBX, EDX, ECX };

        memcpy(was + 4 * i, word((struct cpuid_leaf *)a, order[i]), 4);
        memcpy(is + 4 * i, word((struct cpuid_leaf *)b, order[i]), 4);
    }
    for (unsigned i = 0; i < 12; i++)
        was[i] = (char)(was[i] >= 0x20 && was[i] < 0x7f ? was[i] : '?');
    return strcmp(was, is)
               ? err_set(e, ERR_MISMATCH,
                         "the guest was given a processor of %s, this host's is of %s", was, is)
               : 0;
}

int cpuid_fits(const struct cpuid *machine, const struct cpuid *supported, struct err *e)
{
    unsigned bits = value(machine, EXTENDED + 8, 0, EAX) & 0xff,
             have = value(supported, EXTENDED + 8, 0, EAX) & 0xff;
    char text[160] = "";

    if (check_vendor(machine, supported, e))
        return -(int)e->code;
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        const struct feature_word *w = &words[i];
        u32 missing = value(machine, w->function, w->index, w->reg) &
                      ~value(supported, w->function, w->index, w->reg) &
                      ~bits_named(w->names, not_compared);

        say_bits(w, missing, text, sizeof text);
    }
    if (text[0])
        return err_set(e, ERR_MISMATCH,
                       "the guest was given what this host's processor, or its KVM, has not: %s",
                       text);
    if (bits > have)
        return err_set(e, ERR_MISMATCH,
                       "the guest was given %u bits of physical address, this host has %u", bits,
                       have);
    return 0;
}
