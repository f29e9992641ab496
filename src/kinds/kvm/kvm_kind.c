/* The kind `kvm`: machines whose processor is the host's own, by /dev/kvm. */
#include "kinds/kvm/kvm_kind.h"

#include "kinds/kvm/calls.h"
#include "kinds/kvm/micro.h"
#include "kinds/kvm/pc.h"

#include <elf.h>
#include <string.h>

/* Programs for this kind's processors; ELF files of others are left to other kinds. */
static bool kvm_accepts(const u8 *image, size_t bytes, const char **what)
{
    unsigned machine;

    if (pc_accepts(image, bytes, what))
        return true;
    if (!program_is_elf(image, bytes))
        return false;
    machine = bytes < 20 ? EM_386 : (unsigned)(image[18] | image[19] << 8);
    *what = machine == EM_386 ? "32-bit x86 program (ELF)" : "x86-64 program (ELF)";
    return machine == EM_386 || machine == EM_X86_64;
}

const char *kvm_why_not(enum verb v)
{
    switch (v) {
    case VERB_REPLAY: return "the host's processor does not do the same twice to the instruction";
    case VERB_REVERSE:
        return "that needs exact replay, and the host's processor does not do the same twice to "
               "the instruction";
    case VERB_MIGRATE: return "the service does not exist yet";
    default: return NULL;
    }
}

static const char *micro_why_not(const struct machine *m, enum verb v)
{
    (void)m;
    switch (v) {
    case VERB_GENERATION: return "the board micro has no way to be told";
    case VERB_POWER: return "the board micro has no power button";
    case VERB_RESET: return "the board micro has no reset button";
    case VERB_PICTURE: return "the board micro's screen is text (mews show NAME screen)";
    case VERB_SOUND: return "the board micro has no such part";
    default: return kvm_why_not(v);
    }
}

/* ---- two boards ---- */

static bool is_pc(const struct config *c)
{
    const char *what;

    return c->board ? !strcmp(c->board, "microvm") : pc_accepts(c->image, c->image_bytes, &what);
}

static int kvm_create(const struct kind *k, const struct config *c, const struct ports *p,
                      struct machine **out, struct err *e)
{
    return is_pc(c) ? pc_create(c, p, out, e) : micro_create(k, c, p, out, e);
}

static int kvm_describe(const struct config *c, struct image_info *out, struct err *e)
{
    return is_pc(c) ? pc_describe(c, out, e) : micro_describe(c, out, e);
}

/* And what machines of the board micro can do; the other's is pc_kind. */
const struct kind kvm_kind = {
    .name = "kvm",
    .summary = "x86 programs and Linux on the host's own processor",
    .boards = (const char *const[]) { "micro", "microvm", NULL },
    .accepts = kvm_accepts,
    .accepted = "Linux kernels (bzImage, or ELF with PVH entry), x86 programs (ELF; with --kind "
                "kvm any bytes)",
    .raw = "x86 program (plain bytes)",
    .create = kvm_create,
    .destroy = micro_destroy,
    .run = micro_run,
    .kick = micro_kick,
    .why_not = micro_why_not,
    .available = vm_available,
    .describe = kvm_describe,
    .step = micro_step,
    .peek = micro_peek,
    .poke = micro_poke,
    .disassemble = micro_disassemble,
    .watch = micro_watch,
    .flow = micro_flow,
    .calls = micro_calls,
    .closing = micro_closing,
    .host_calls = micro_host_calls,
    .host_call_count = MICRO_HOST_CALLS,
};
