/* The library in one sitting: open a machine, run it, look inside, change things, see, hear, play.
 *
 *     cc tutorial.c $(pkg-config --cflags --libs mews) -o tutorial && ./tutorial
 *
 * It uses mews.h alone. Every step checks what it claims, so this file is a test too. */
#include "mews/mews.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cartridge is bytes, and a very small one can be written by hand. This one plays a tone of 440
 * Hz; for each picture it counts, looks at the first controller, and paints the screen: red while A
 * is held, else blue. */
static const unsigned char program[] = {
    0x78,                         /* C000        SEI                                         */
    0xa9, 0x0f, 0x8d, 0x15, 0x40, /* C001        LDA #$0F  STA $4015   sound channels on     */
    0xa9, 0xbf, 0x8d, 0x00, 0x40, /* C006        LDA #$BF  STA $4000   square, full volume   */
    0xa9, 0xfd, 0x8d, 0x02, 0x40, /* C00B        LDA #$FD  STA $4002   1789773 / 16 / 254 Hz */
    0xa9, 0x00, 0x8d, 0x03, 0x40, /* C010        LDA #$00  STA $4003                         */
    0x2c, 0x02, 0x20,             /* C015  wait: BIT $2002             the picture is drawn? */
    0x10, 0xfb,                   /* C018        BPL wait                                    */
    0xe6, 0x00,                   /* C01A        INC $00               count it              */
    0xa9, 0x01, 0x8d, 0x16, 0x40, /* C01C        LDA #$01  STA $4016   ask the controller    */
    0x4a, 0x8d, 0x16, 0x40,       /* C021        LSR A     STA $4016                         */
    0xad, 0x16, 0x40,             /* C025        LDA $4016             its first bit: A      */
    0x29, 0x01, 0x85, 0x01,       /* C028        AND #$01  STA $01                           */
    0xa9, 0x3f, 0x8d, 0x06, 0x20, /* C02C        LDA #$3F  STA $2006   colour 0 of the       */
    0xa9, 0x00, 0x8d, 0x06, 0x20, /* C031        LDA #$00  STA $2006   palette               */
    0xa5, 0x01, 0x0a, 0x0a,       /* C036        LDA $01   ASL A  ASL A                      */
    0x09, 0x12, 0x8d, 0x07, 0x20, /* C03A        ORA #$12  STA $2007   $12 blue, $16 red     */
    0xa9, 0x00,                   /* C03F        LDA #$00                                    */
    0x8d, 0x06, 0x20,             /* C041        STA $2006                                   */
    0x8d, 0x06, 0x20,             /* C044        STA $2006                                   */
    0x4c, 0x15, 0xc0,             /* C047        JMP wait                                    */
};
static const unsigned char vectors[] = { 0x00, 0xc0, 0x00, 0xc0, 0x00, 0xc0 }; /* at $FFFA */

enum { HEADER = 16, PROGRAM_ROM = 0x4000, PICTURE_ROM = 0x2000 };
static unsigned char cartridge[HEADER + PROGRAM_ROM + PICTURE_ROM];

static void make_cartridge(void)
{
    memcpy(cartridge, "NES\x1a\x01\x01", 6); /* one bank of program, one of pictures */
    memcpy(cartridge + HEADER, program, sizeof program);
    memcpy(cartridge + HEADER + PROGRAM_ROM - sizeof vectors, vectors, sizeof vectors);
}

static void expect(bool right, const char *what)
{
    printf("%s %s\n", right ? "yes:" : "NO: ", what);
    if (!right)
        exit(1);
}

/* Functions that can fail return 0 or fill in why not, as one line for a person. */
static void see_an_error(void)
{
    struct mews_error e;
    struct mews *m;

    expect(mews_open_memory("noise", "1234", 4, NULL, &m, &e) != 0, "noise is not opened");
    printf("     because: %s\n", e.text);
}

/* Usually a path: mews_open("game.nes", &options, &m, &e). Settings are what `mews info` lists. */
static struct mews *open_it(void)
{
    static const char *const settings[] = { "region=ntsc", "ram_fill=zeros", NULL };
    struct mews_options options = { .size = sizeof options, .settings = settings };
    struct mews_error e;
    struct mews *m;

    if (mews_open_memory("tutorial", cartridge, sizeof cartridge, &options, &m, &e)) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    printf("     a machine of kind %s, board %s\n", mews_kind(m), mews_board(m));
    return m;
}

/* Time is counted in ticks, which for this kind are CPU cycles; or in pictures. */
static void run_it(struct mews *m)
{
    uint64_t half_a_second = (uint64_t)(mews_hz(m) / 2);
    struct mews_stop_info stop;

    mews_run(m, half_a_second, &stop);
    expect(stop.why == MEWS_STOP_TIME, "half a second has passed");
    expect(mews_frames(m) == 30, "in which 30 pictures were made");
    mews_run_frames(m, 30, &stop);
    expect(stop.why == MEWS_STOP_FRAME, "and 30 more, which is another half");
}

/* Memory by the CPU's address, without the side effects that a real read may have; state by name.
 */
static void look_inside(struct mews *m)
{
    uint8_t count = 0, old;
    struct mews_error e;
    char text[64];

    mews_peek(m, 0x0000, &count, 1);
    printf("     the program has counted %u pictures\n", count);
    expect(count >= 55 && count <= 60, "it began once the console was warm");

    old = count;
    count = 200;
    expect(mews_poke(m, 0x0000, &count, 1), "memory can be written");
    mews_run_frames(m, 5, NULL);
    mews_peek(m, 0x0000, &count, 1);
    expect(count == 205, "and the program counts on from there");
    mews_poke(m, 0x0000, &old, 1);

    mews_field(m, "cpu.pc", text, sizeof text, &e);
    printf("     the CPU is at %s\n", text);
    expect(!mews_set_field(m, "cpu.x", "0x2a", &e), "a register can be set");
    expect(!mews_field(m, "cpu.x", text, sizeof text, &e) && strtol(text, NULL, 0) == 42,
           "and read back; the program never uses it");
    expect(mews_field(m, "cpu.flavour", text, sizeof text, &e) != 0, "not every name exists");
    printf("     because: %s\n", e.text);
}

/* A picture is there after each run; sound is kept from the first time someone asks for it. */
static void see_and_hear(struct mews *m)
{
    struct mews_display_info display;
    int16_t samples[2000];
    bool high = false;
    unsigned width, height, rises = 0;
    size_t count, total = 0;
    const uint32_t *pixels;

    mews_display(m, &display);
    printf("     %u x %u pixels, %.4f times a second\n", display.width, display.height,
           display.pictures_per_second);
    mews_sound(m, samples, 0);
    for (int i = 0; i < 60; i++) {
        mews_run_frames(m, 1, NULL);
        while ((count = mews_sound(m, samples, 2000)) > 0) {
            for (size_t k = 0; k < count; k++) {
                rises += !high && samples[k] > 500;
                high = samples[k] > (high ? -500 : 500);
            }
            total += count;
        }
    }
    printf("     %zu samples, the wave rose %u times\n", total, rises);
    expect(total > 47800 && total < 48000, "60 pictures take a little less than a second");
    expect(rises > 430 && rises < 450, "which sounds an A");
    pixels = mews_picture(m, &width, &height);
    printf("     the middle of the picture is %06x\n", (unsigned)pixels[120 * width + 128]);
    expect((pixels[120 * width + 128] & 0xff) > 0x80, "a blue");
}

static void play(struct mews *m)
{
    enum { BUTTON_A = 1 };
    unsigned width, height, rgb;

    mews_buttons(m, 0, BUTTON_A); /* held from now on */
    mews_run_frames(m, 3, NULL);
    rgb = mews_picture(m, &width, &height)[0];
    expect(rgb >> 16 > (rgb & 0xff), "with A held the screen is red");
    mews_buttons(m, 0, 0);
    mews_run_frames(m, 3, NULL);
    rgb = mews_picture(m, &width, &height)[0];
    expect(rgb >> 16 < (rgb & 0xff), "and blue again when it is let go");
}

int main(void)
{
    struct mews *m;

    printf("     mews %s\n", mews_version());
    make_cartridge();
    see_an_error();
    m = open_it();
    run_it(m);
    look_inside(m);
    see_and_hear(m);
    play(m);
    mews_close(m);
    return 0;
}
