/* The whole console with a program of the input's: once with the exact loops alone, once as usual;
 * picture, sound and all state must be equal after each picture. Then an image of it over which
 * pieces of the input were written is loaded, and if it is taken, the console runs on.
 *
 *   0      which line of mapper_list; 255: all behind the pieces is a file, whatever it says
 *   1      bits 0-1 region, 2 mirroring, 3 pattern RAM instead of ROM, 4-5 pictures, 6 reset
 *   2      bits 0-3 how many pieces, 4-7 how far into a picture the image is saved
 *   3-4    buttons held in pictures of even number, of odd number
 *   5...   the pieces: three bytes where in the image, one what
 *   ...    the program: 8 KiB that every bank of the ROM holds, at $E000 too. A shorter one is
 *          repeated to fill them; it gets reset at $E000, NMI at $E003, IRQ at $E006 */
#include "fuzz/target.h"
#include "kinds/nes/cart_rig.h"
#include "mach/image.h"
#include "tests/mach/bench.h"

enum { HEAD = 5, PIECE = 4, BANK = 0x2000, PRG = 0x10000, CHR = 0x8000 };
enum { FILE_ALONE = 255, VECTORS = 6, CYCLES_AFTER = 60000 };

static u8 *make_file(const u8 *head, const u8 *code, size_t len, size_t *bytes)
{
    const struct mapper *m = &mapper_list[head[0] % mapper_count];
    bool ram = head[1] & 8;
    struct rig_file f = { .mapper = m->number,
                          .submapper = m->submapper < 0 ? 0 : (u8)m->submapper,
                          .flags = head[1] & 4 ? RIG_V : 0,
                          .prg = PRG,
                          .chr = ram ? 0 : CHR,
                          .ram = 0x2000,
                          .chr_ram = ram ? 0x2000 : 0 };
    u8 *file = rig_file_make(&f, bytes), *rom = file + INES_HEADER_BYTES;

    file[12] = (head[1] & 3) == 2 ? 3 : head[1] & 1;
    for (unsigned i = 0; i < BANK; i++)
        rom[i] = len ? code[i % len] : 0xea;
    if (len < BANK)
        memcpy(rom + BANK - VECTORS, "\x03\xe0\0\xe0\x06\xe0", VECTORS);
    for (unsigned at = BANK; at < PRG; at += BANK)
        memcpy(rom + at, rom, BANK);
    for (unsigned i = 0; !ram && i < CHR; i++)
        rom[PRG + i] = (u8)(rom[i % BANK] + (i >> 10));
    return file;
}

static bool open_console(struct bench *b, const u8 *file, size_t len, const char *exact)
{
    const struct setting settings[] = { { "exact", exact } };
    struct err e = { 0 };

    if (!bench_open(b, file, len, settings, ARRAY_SIZE(settings), &e))
        return true;
    must(e.code && e.text[0]);
    return false;
}

static void run_both(struct bench *a, struct bench *b, const u8 *head)
{
    struct bench *both[] = { a, b };
    unsigned pictures = 1 + (head[1] >> 4 & 3);
    char what[480];

    for (unsigned i = 0; i < pictures; i++) {
        for (unsigned k = 0; k < 2; k++) {
            struct machine *m = both[k]->machine;

            both[k]->held[0] = head[3 + (i & 1)];
            both[k]->held[1] = head[4 - (i & 1)];
            if (i == 1 && (head[1] & 64))
                m->kind->reset(m);
            bench_frames(both[k], 1);
        }
        if (bench_differs(a, b, what, sizeof what)) {
            fprintf(stderr, "picture %u: %s\n", i, what);
            abort();
        }
    }
}

/* What was saved is taken; what is damaged is refused with a reason, or runs. */
static void load_damaged(struct bench *b, const u8 *pieces, unsigned count)
{
    struct machine *m = b->machine;
    size_t len = machine_save(m, NULL);
    u8 *image = malloc(len);
    struct err e = { 0 };

    must(image != NULL);
    machine_save(m, image);
    must(!machine_load(m, image, len, &e));
    for (unsigned i = 0; i < count; i++, pieces += PIECE)
        image[(pieces[0] | (size_t)pieces[1] << 8 | (size_t)pieces[2] << 16) % len] = pieces[3];
    if (machine_load(m, image, len, &e)) {
        must(e.code && e.text[0]);
    } else {
        bench_until(b, m->now + CYCLES_AFTER);
        machine_save(m, image);
        must(!machine_load(m, image, len, &e));
    }
    free(image);
}

static void run_file(const u8 *file, size_t len, const u8 *head)
{
    const char *what;
    struct bench a, b;
    bool made;

    if (!cart_accepts(file, len, &what))
        return;
    made = open_console(&a, file, len, "true");
    must(open_console(&b, file, len, "false") == made);
    if (made) {
        run_both(&a, &b, head);
        bench_until(&b, b.machine->now + (head[2] >> 4) * 1871u);
        load_damaged(&b, head + HEAD, head[2] & 15);
    }
    bench_close(&a);
    bench_close(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = size < HEAD ? HEAD : HEAD + (data[2] & 15u) * PIECE, len;
    u8 *file;

    if (size < at)
        return 0;
    if (data[0] == FILE_ALONE) {
        run_file(data + at, size - at, data);
        return 0;
    }
    file = make_file(data, data + at, size - at, &len);
    run_file(file, len, data);
    free(file);
    return 0;
}
