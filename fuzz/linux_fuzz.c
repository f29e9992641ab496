/* A damaged kernel is refused, or loaded: never read or written beyond its ends, and where it is
 * entered lies in memory. The first byte chooses how much memory there is, and whether an initrd.
 */
#include "kinds/kvm/linux.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct linux_memory m = { .low_bytes = 0 };
    struct linux_entry entry;
    size_t at, len;
    char text[300];
    struct err e;

    if (!size)
        return 0;
    if (!linux_payload(data + 1, size - 1, &at, &len, &e))
        assert(len && at < size - 1 && len <= size - 1 - at);
    linux_describe(data + 1, size - 1, text, sizeof text);
    assert(strlen(text) < sizeof text);
    m.low_bytes = 1ull << (16 + data[0] % 12);
    m.high_bytes = data[0] & 0x80 ? 1ull << 32 : 0;
    m.low = malloc(m.low_bytes);
    assert(m.low);
    {
        const struct linux_image i = { .kernel = data + 1,
                                       .kernel_bytes = size - 1,
                                       .initrd = data[0] & 0x40 ? data : NULL,
                                       .initrd_bytes = size,
                                       .command_line = "console=ttyS0" };

        if (!linux_load(&i, &m, &entry, &e))
            assert(entry.rip >= LINUX_HIGH && entry.rip < m.low_bytes);
    }
    free(m.low);
    return 0;
}
