#include "host/decode.h"
#include "host/module.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 3 };

struct decoder {
    csh handles[WIDTHS]; /* for 16, 32 and 64 bits; 0: not opened yet */
    cs_insn *one[WIDTHS];
};

static void destroy(struct decoder *d)
{
    for (unsigned i = 0; d && i < WIDTHS; i++) {
        if (d->one[i])
            cs_free(d->one[i], 1);
        if (d->handles[i])
            cs_close(&d->handles[i]);
    }
    free(d);
}

static struct decoder *create(void)
{
    return calloc(1, sizeof(struct decoder));
}

static bool ready(struct decoder *d, unsigned i)
{
    static const cs_mode modes[WIDTHS] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };

    if (!d->handles[i] && cs_open(CS_ARCH_X86, modes[i], &d->handles[i]))
        d->handles[i] = 0;
    if (d->handles[i] && !d->one[i])
        d->one[i] = cs_malloc(d->handles[i]);
    return d->one[i] != NULL;
}

static size_t x86(struct decoder *d, unsigned bits, u64 addr, const u8 *bytes, size_t len,
                  char *text, size_t room)
{
    unsigned i = bits / 32; /* 16, 32, 64: 0, 1, 2 */
    uint64_t at = addr;

    if (i >= WIDTHS || !ready(d, i) || !cs_disasm_iter(d->handles[i], &bytes, &len, &at, d->one[i]))
        return 0;
    snprintf(text, room, "%s%s%s", d->one[i]->mnemonic, d->one[i]->op_str[0] ? " " : "",
             d->one[i]->op_str);
    return d->one[i]->size;
}

extern const struct decode_module mews_decode;
MODULE_EXPORT const struct decode_module mews_decode = { create, destroy, x86 };
