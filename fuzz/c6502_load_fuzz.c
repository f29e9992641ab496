/* 6502v images. What is no image, or a short one, is refused with a reason; what runs, runs. A
 * short input also goes in filled up to the full length: its bytes are then a program from $A000
 * on. */
#include "fuzz/target.h"
#include "kinds/nes/nes_kind.h"

enum { IMAGE_BYTES = 4 + 0x6000, CYCLES = 20000 };

static void try(const u8 *image, size_t size)
{
    static const char *const arguments[] = { "one", "two" };
    const struct config c = {
        .name = "fuzz", .image = image, .image_bytes = size, .argc = 2, .argv = arguments
    };
    bool ours = size >= 4 && !memcmp(image, "HKNS", 4);
    struct image_info about = { 0 };
    struct stop_info stop;
    struct machine *m = NULL;
    const char *what = NULL;
    struct err e;

    if (!ours)
        return; /* a cartridge, or nothing: other targets' business */
    must(nes_kind.accepts(image, size, &what) && what);
    if (nes_kind.create(&nes_kind, &c, NULL, &m, &e)) {
        must(size < IMAGE_BYTES && e.text[0] && !m);
        must(nes_kind.describe(&c, &about, &e) < 0);
        return;
    }
    must(size >= IMAGE_BYTES && !nes_kind.describe(&c, &about, &e) && about.text[0]);
    nes_kind.run(m, CYCLES, &stop);
    must(stop.why == STOP_TIME || stop.why == STOP_HALT || stop.why == STOP_FAULT);
    must(stop.why != STOP_TIME || (m->now >= CYCLES && m->now < CYCLES + 8));
    must((stop.why == STOP_FAULT) == (stop.text[0] != 0));
    nes_kind.destroy(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static u8 filled[IMAGE_BYTES];

    try(data, size);
    if (size < sizeof filled) {
        memset(filled, 0xea, sizeof filled);
        memcpy(filled, "HKNS", 4);
        memcpy(filled + 4, data, size < sizeof filled - 10 ? size : sizeof filled - 10);
        for (unsigned i = 0; i < 3; i++)
            memcpy(filled + sizeof filled - 6 + 2 * i, "\0\xa0", 2);
        try(filled, sizeof filled);
    }
    return 0;
}
