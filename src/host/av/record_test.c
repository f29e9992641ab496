/* Digests, PNG and WAV files, and the ports that make them: against values known elsewhere. */
#include "host/av/record.h"

#include "base/file.h"
#include "host/av/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { W = 256, H = 240 };

static char dir[] = "/tmp/mews-record.XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void known_digests(void **state)
{
    static const s16 samples[3] = { 0x6261, 0x6463, -2 };
    struct digest d;
    char text[DIGEST_TEXT];

    (void)state;
    digest_init(&d);
    digest_text(&d, text);
    assert_string_equal(text, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    digest_bytes(&d, "abc", 3);
    digest_text(&d, text);
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_init(&d);
    digest_samples(&d, samples, 1);
    digest_samples(&d, samples + 1, 2);
    digest_text(&d, text); /* of "abcd\xfe\xff" */
    assert_string_equal(text, "b0d12afbaffafabe9e26330c0425b276d1c986fd");
}

/* Pixel (x, y) is (x + 3 y) mod 512, in rows with a gap behind. */
static struct video_frame striped(u16 *pixels, size_t stride)
{
    for (unsigned y = 0; y < H; y++)
        for (unsigned x = 0; x < W; x++)
            pixels[y * stride + x] = (x + 3 * y) & 511;
    return (struct video_frame) { VIDEO_NES, W, H, (unsigned)stride * 2, pixels, 1, 8, 7 };
}

static void picture_digests(void **state)
{
    static u16 pixels[H * (W + 5)];
    struct video_frame f = striped(pixels, W + 5);
    struct palette p;
    char text[DIGEST_TEXT], again[DIGEST_TEXT];
    struct err e;

    (void)state;
    digest_picture(&f, text);
    assert_string_equal(text, "55ea1ab3d4aad8ff2c37bbf56112139e4dcdd878");
    for (unsigned i = 0; i < 512; i++)
        p.rgb[i] = i * 77;
    assert_int_equal(digest_labels(&f, &p, text, &e), 0);
    assert_string_equal(text, "0e69566ac500da80a37c4f07be9a02251fc1b8eb");
    for (unsigned i = 0; i < 512; i++)
        p.rgb[i] = 0xffffff - i * 3000; /* other colours, as distinct */
    assert_int_equal(digest_labels(&f, &p, again, &e), 0);
    assert_string_equal(text, again);
    p.rgb[7] = p.rgb[300]; /* two alike: another picture */
    assert_int_equal(digest_labels(&f, &p, again, &e), 0);
    assert_string_not_equal(text, again);
    memset(pixels, 0, sizeof pixels);
    assert_int_equal(digest_labels(&f, &p, text, &e), 0);
    assert_string_equal(text, "d2258cfecefde0e3ad67dd5b9883a2bbc60890e8");
}

static void read_back(const char *path, u32 *rgb, unsigned width, unsigned height)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    u8 *bytes;

    assert_true(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_RGB;
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    bytes = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(bytes);
    assert_true(png_image_finish_read(&image, NULL, bytes, 0, NULL));
    for (size_t i = 0; i < (size_t)width * height; i++)
        rgb[i] = (u32)bytes[3 * i] << 16 | (u32)bytes[3 * i + 1] << 8 | bytes[3 * i + 2];
    free(bytes);
}

static void pictures(void **state)
{
    static u16 pixels[H * W];
    static u32 rgb[4 * W * H];
    struct video_frame f = striped(pixels, W);
    struct video_keep front, keep;
    struct palette p;
    struct err e;

    (void)state;
    palette_init(&p);
    video_keep_init(&keep, 5);
    video_keep_init(&front, ~0ULL);
    front.next = &keep.port;
    f.number = 4;
    front.port.ops->frame(&front.port, &f);
    assert_null(video_keep_frame(&keep));
    assert_int_equal(video_keep_png(&keep, &p, &(struct crop) { 0 }, 1, in_dir("a.png"), &e),
                     -ERR_STATE);
    f.number = 5;
    front.port.ops->frame(&front.port, &f);
    assert_null(video_keep_frame(&front));
    pixels[0] = 0; /* the keeper has its own */
    assert_int_equal(video_keep_frame(&keep)->number, 5);
    assert_int_equal(video_keep_png(&keep, &p, &(struct crop) { 0 }, 2, in_dir("a.png"), &e), 0);
    read_back(in_dir("a.png"), rgb, 2 * W, 2 * H);
    for (unsigned y = 0; y < 2 * H; y++)
        for (unsigned x = 0; x < 2 * W; x++)
            assert_int_equal(rgb[y * 2 * W + x], p.rgb[(x / 2 + 3 * (y / 2)) & 511]);
    assert_int_equal(
        video_keep_png(&keep, &p, &(struct crop) { 1, 2, 8, 16 }, 1, in_dir("a.png"), &e), 0);
    read_back(in_dir("a.png"), rgb, W - 3, H - 24);
    assert_int_equal(rgb[0], p.rgb[1 + 3 * 8]);
    assert_int_equal(rgb[(H - 24) * (W - 3) - 1], p.rgb[(W - 3 + 3 * (H - 17)) & 511]);
    assert_int_equal(png_write("/nowhere/at.png", rgb, 1, 1, 1, &e), -ERR_SYS);
    assert_string_equal(e.text, "/nowhere/at.png: No such file or directory");
    video_keep_fini(&keep);
    video_keep_fini(&front);
}

static u32 half_pace(struct audio_port *p)
{
    (void)p;
    return 32768;
}

static void sound(void **state)
{
    static const u8 header[44] = "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
                                 "\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00"
                                 "data\x04\x00\x00";
    static const s16 samples[2] = { 0x1234, -1 };
    struct audio_record front, r;
    struct audio_ops pacing = { 0 };
    struct wav *w;
    char text[DIGEST_TEXT];
    u8 *bytes = NULL;
    size_t len = 0;
    struct err e;

    (void)state;
    assert_int_equal(wav_create(in_dir("a.wav"), &w, &e), 0);
    audio_record_init(&r, true, w);
    audio_record_init(&front, false, NULL);
    assert_int_equal(front.port.ops->pace(&front.port), 65536);
    front.next = &r.port;
    front.port.ops->samples(&front.port, samples, 1);
    front.port.ops->samples(&front.port, samples + 1, 1);
    assert_int_equal(r.count, 2);
    digest_text(&r.digest, text); /* of 34 12 ff ff */
    assert_string_equal(text, "ffd6c226f8a2d27f7e7d69b2ae14327d3e7523f2");
    assert_int_equal(wav_close(w, &e), 0);
    assert_int_equal(file_read(in_dir("a.wav"), 1000, &bytes, &len, &e), 0);
    assert_int_equal(len, 48);
    assert_memory_equal(bytes, header, 44);
    assert_memory_equal(bytes + 44, "\x34\x12\xff\xff", 4);
    free(bytes);
    pacing = *r.port.ops;
    pacing.pace = half_pace;
    r.port.ops = &pacing;
    assert_int_equal(front.port.ops->pace(&front.port), 32768);
    assert_int_equal(wav_create("/nowhere/a.wav", &w, &e), -ERR_SYS);
    assert_int_equal(wav_close(NULL, &e), 0);
}

static void full_disk(void **state)
{
    static const s16 samples[4096];
    struct wav *w;
    struct err e;

    (void)state;
    assert_int_equal(wav_create("/dev/full", &w, &e), 0);
    for (int i = 0; i < 10; i++)
        wav_write(w, samples, 4096);
    assert_int_equal(wav_close(w, &e), -ERR_SYS);
    assert_string_equal(e.text, "/dev/full: No space left on device");
}

static int setup(void **state)
{
    (void)state;
    return !mkdtemp(dir);
}

static int teardown(void **state)
{
    (void)state;
    unlink(in_dir("a.png"));
    unlink(in_dir("a.wav"));
    return rmdir(dir);
}

/* Samples are kept from the first take on, come in order whatever the sizes, and beyond a second
 * the oldest give way. */
static void sound_taken(void **state)
{
    static s16 in[AUDIO_HZ], out[AUDIO_HZ + 1];
    struct audio_record r;
    u16 next = 0, want;
    size_t n;

    (void)state;
    audio_record_init(&r, false, NULL);
    r.port.ops->samples(&r.port, in, 100); /* nobody has asked yet */
    assert_int_equal(audio_record_take(&r, out, 10), 0);
    for (unsigned round = 0; round < 400; round++) { /* more than once around the ring */
        for (unsigned i = 0; i < 799; i++)
            in[i] = (s16)next++;
        r.port.ops->samples(&r.port, in, 799);
        want = (u16)(next - 799);
        while ((n = audio_record_take(&r, out, 300)) > 0)
            for (size_t i = 0; i < n; i++)
                assert_int_equal((u16)out[i], want++);
        assert_int_equal(want, next);
    }
    for (unsigned round = 0; round < 2; round++) { /* nobody comes for more than a second */
        for (unsigned i = 0; i < 30000; i++)
            in[i] = (s16)next++;
        r.port.ops->samples(&r.port, in, 30000);
    }
    assert_int_equal(audio_record_take(&r, out, AUDIO_HZ + 1), AUDIO_HZ);
    assert_int_equal((u16)out[0], (u16)(next - AUDIO_HZ));
    assert_int_equal((u16)out[AUDIO_HZ - 1], (u16)(next - 1));
    audio_record_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests), cmocka_unit_test(picture_digests),
        cmocka_unit_test(pictures),      cmocka_unit_test(sound),
        cmocka_unit_test(full_disk),     cmocka_unit_test(sound_taken),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
