/* The kernel inside a compressed one: unpacked once, when an image is made, and not at each run. */
#include "api/mews.h"
#include "base/file.h"
#include "base/own.h"
#include "host/archive.h"
#include "kinds/kvm/linux.h"

#include <elf.h>
#include <string.h>

enum { KERNEL_LIMIT = 512 << 20 };

static bool is_elf(void *context, const u8 *bytes, size_t len)
{
    (void)context;
    return len > SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

static int unpack(const char *from, const char *to, struct err *e)
{
    const struct thing_test elf = { is_elf, NULL };
    OWN(buf) u8 *packed = NULL;
    struct thing kernel = { 0 };
    size_t bytes, at, len;
    int r = file_read(from, KERNEL_LIMIT, &packed, &bytes, e);

    if (r)
        return r;
    r = linux_payload(packed, bytes, &at, &len, e);
    if (r)
        return err_wrap(e, "%s", from);
    r = thing_unpack(&kernel, from, packed + at, len, KERNEL_LIMIT, &elf, e);
    if (r)
        return r;
    if (linux_accepts(kernel.bytes, kernel.len))
        r = file_write(to, kernel.bytes, kernel.len, e);
    else
        r = err_set(e, ERR_NOTSUP, "%s: built without the PVH entry (CONFIG_PVH)", from);
    thing_fini(&kernel);
    return r;
}

int mews_kernel_unpack(const char *from, const char *to, struct mews_error *error)
{
    struct err e;

    return unpack(from, to, &e) ? api_report(error, &e) : 0;
}
