#include "host/decode.h"

#include "host/module.h"

void decode_open(struct decode *d)
{
    struct err e;
    void *entry;

    if (d->tried)
        return;
    d->tried = true;
    if (module_open("decode", DECODE_ENTRY, &entry, &e))
        return;
    d->module = entry;
    d->decoder = d->module->create();
}

static size_t decode_x86(struct decode_port *p, unsigned bits, u64 addr, const u8 *bytes,
                         size_t len, char *text, size_t room)
{
    struct decode *d = container_of(p, struct decode, port);

    decode_open(d);
    return d->decoder ? d->module->x86(d->decoder, bits, addr, bytes, len, text, room) : 0;
}

void decode_init(struct decode *d)
{
    static const struct decode_ops ops = { decode_x86 };

    *d = (struct decode) { .port.ops = &ops };
}

void decode_fini(struct decode *d)
{
    if (d->decoder)
        d->module->destroy(d->decoder);
    d->decoder = NULL;
}
