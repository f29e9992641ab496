#include "mach/space.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool space_init(struct space *s, const char *name, u64 size_bytes, u64 base, unsigned flags)
{
    *s = (struct space) { .name = name, .size_bytes = size_bytes, .base = base, .flags = flags };
    s->bytes = calloc(1, size_bytes ? size_bytes : 1);
    return s->bytes != NULL;
}

void space_fini(struct space *s)
{
    if (!s)
        return;
    free(s->bytes);
    s->bytes = NULL;
}

static bool inside(const struct space *s, u64 offset, u64 len)
{
    return offset <= s->size_bytes && len <= s->size_bytes - offset;
}

bool space_read(const struct space *s, u64 offset, void *out, u64 len)
{
    if (!inside(s, offset, len))
        return false;
    memcpy(out, s->bytes + offset, len);
    return true;
}

bool space_write(struct space *s, u64 offset, const void *in, u64 len)
{
    if (!inside(s, offset, len))
        return false;
    memcpy(s->bytes + offset, in, len);
    return true;
}
