/* Any file, as a cartridge: the header is refused with a sentence, or the cartridge it makes can be
 * described, powered on, looked at through all its windows, and reset. */
#include "fuzz/target.h"
#include "kinds/nes/cart_rig.h"

/* Roms are padded to what the header promises, so that a short input reaches past the loader. */
static u8 *padded(const u8 *data, size_t size, size_t *bytes)
{
    size_t room = size < 6 ? size : size + 64 * 1024;
    u8 *file = calloc(1, room + !room);

    must(file != NULL);
    if (size)
        memcpy(file, data, size);
    *bytes = room;
    return file;
}

static void look(struct rig *r)
{
    struct rig_windows w;
    char text[1024];
    size_t bytes;
    u8 *battery;

    must(cart_describe(&r->c, text, sizeof text) < (int)sizeof text);
    must(rig_sound(r));
    battery = cart_battery(&r->c, &bytes);
    for (size_t i = 0; battery && i < bytes; i++)
        battery[i] ^= 1;
    for (u32 a = 0x4020; a < 0x10000; a += 127)
        rig_read(r, (u16)a);
    for (u16 a = 0; a < 0x3f00; a += 61)
        rig_ppu_read(r, a, PPU_FETCH_CPU);
    cart_reset(&r->c);
    cart_power(&r->c);
    rig_look(r, &w);
    must(rig_sound(r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *what;
    struct err e = { 0 };
    size_t bytes;
    struct rig r;
    u8 *file = padded(data, size, &bytes);

    if (rig_init(&r, file, bytes, &e)) {
        must(e.code && e.text[0] && !strchr(e.text, '\n'));
    } else {
        must(cart_accepts(file, bytes, &what));
        look(&r);
    }
    rig_fini(&r);
    return 0;
}
