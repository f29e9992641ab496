#include "mach/dma.h"

#include <assert.h>
#include <string.h>

void dma_add(struct dma *d, u64 base, u64 size_bytes, struct space *s, u64 offset)
{
    assert(d->count < DMA_REGIONS && size_bytes);
    assert(base % SPACE_PAGE_BYTES == 0 && offset % SPACE_PAGE_BYTES == 0);
    assert(offset <= s->size_bytes && size_bytes <= s->size_bytes - offset);
    assert(base + (size_bytes - 1) >= base);
    for (unsigned i = 0; i < d->count; i++)
        assert(base > d->regions[i].base + (d->regions[i].size_bytes - 1) ||
               base + (size_bytes - 1) < d->regions[i].base);
    d->regions[d->count++] = (struct dma_region) { base, size_bytes, s, offset };
}

bool dma_find(const struct dma *d, u64 address, u64 len, bool write, struct dma_piece *out)
{
    for (unsigned i = 0; i < d->count; i++) {
        const struct dma_region *r = &d->regions[i];
        u64 at = address - r->base;

        if (at >= r->size_bytes) /* also when it lies below: then it has wrapped */
            continue;
        if (write && (r->space->flags & SPACE_ROM))
            return false;
        *out = (struct dma_piece) { r->space->bytes + r->offset + at,
                                    len < r->size_bytes - at ? len : r->size_bytes - at, r->space,
                                    r->offset + at };
        return true;
    }
    return false;
}

void dma_mark_bytes(const struct dma *d, const void *bytes, u64 len)
{
    for (unsigned i = 0; i < d->count; i++) {
        const struct dma_region *r = &d->regions[i];
        u64 at = (u64)bytes - (u64)(r->space->bytes + r->offset);

        if (len && at < r->size_bytes && len <= r->size_bytes - at)
            space_mark(r->space, r->offset + at, len);
    }
}

bool dma_read(const struct dma *d, u64 address, void *out, u64 len)
{
    struct dma_piece p;

    for (u8 *to = out; len; to += p.len, address += p.len, len -= p.len) {
        if (!dma_find(d, address, len, false, &p))
            return false;
        memcpy(to, p.bytes, p.len);
    }
    return true;
}

bool dma_write(const struct dma *d, u64 address, const void *in, u64 len)
{
    struct dma_piece p;

    for (const u8 *from = in; len; from += p.len, address += p.len, len -= p.len) {
        if (!dma_find(d, address, len, true, &p))
            return false;
        dma_mark(&p, p.len);
        memcpy(p.bytes, from, p.len);
    }
    return true;
}
