#include "tests/svc/rig.h"

#include "api/kinds.h"
#include "tests/nes/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "rig: %s\n", what);
    exit(2);
}

static size_t rig_send(struct char_port *p, const void *bytes, size_t len)
{
    struct rig *r = container_of(p, struct rig, console);

    (void)bytes;
    r->sent += len;
    return percent(&r->chance, 10) ? 1 + below(&r->chance, (unsigned)len) : len;
}

/* Lines of numbers, in pieces; now and then none yet, and the end only after many. */
static long rig_recv(struct char_port *p, void *bytes, size_t room, bool wait)
{
    static const char *const words[] = { "1", "2+3", "*7\n", "9/3\n", "(4", ")", "\n", "100-1\n" };
    struct rig *r = container_of(p, struct rig, console);
    const char *w = words[below(&r->chance, ARRAY_SIZE(words))];
    size_t n = strlen(w) < room ? strlen(w) : room;

    (void)wait;
    r->asked++;
    if (percent(&r->chance, 30))
        return 0;
    if (r->asked > 400)
        return -1;
    memcpy(bytes, w, n);
    return (long)n;
}
static const struct char_ops console_ops = { .send = rig_send, .recv = rig_recv };

static size_t rig_diagnose(struct char_port *p, const void *bytes, size_t len)
{
    (void)p;
    (void)bytes;
    return len;
}
static long rig_silence(struct char_port *p, void *bytes, size_t room, bool wait)
{
    (void)p;
    (void)bytes;
    (void)room;
    (void)wait;
    return -1;
}
static const struct char_ops diagnostics_ops = { .send = rig_diagnose, .recv = rig_silence };

static void rig_frame(struct video_port *p, const struct video_frame *f)
{
    (void)f;
    container_of(p, struct rig, video)->pictures++;
}
static const struct video_ops video_ops = { rig_frame };

static void rig_samples(struct audio_port *p, const s16 *samples, size_t count)
{
    (void)samples;
    container_of(p, struct rig, audio)->samples += count;
}
static u32 rig_pace(struct audio_port *p)
{
    return 65536 - 300 + below(&container_of(p, struct rig, audio)->chance, 600);
}
static const struct audio_ops audio_ops = { rig_samples, rig_pace };

static u32 rig_buttons(struct input_port *p, unsigned index)
{
    struct rig *r = container_of(p, struct rig, input);

    (void)index;
    r->asked++;
    return below(&r->chance, 256);
}
static const struct input_ops input_ops = { rig_buttons };

static size_t rig_load(struct store_port *p, void *bytes, size_t room)
{
    struct rig *r = container_of(p, struct rig, store);
    size_t n = room < RIG_BATTERY ? room : RIG_BATTERY;

    memcpy(bytes, r->battery, n);
    return n;
}
static bool rig_save(struct store_port *p, const void *bytes, size_t len)
{
    struct rig *r = container_of(p, struct rig, store);

    memcpy(r->battery, bytes, len < RIG_BATTERY ? len : RIG_BATTERY);
    return true;
}
static const struct store_ops store_ops = { rig_load, rig_save };

static void make_machine(struct rig *r, const u8 *image, size_t len)
{
    static const char *const args[] = { "in", "out" };
    struct config c = {
        .name = "rig", .image = image, .image_bytes = len, .argc = 2, .argv = args
    };
    const char *what;
    struct err e;

    for (unsigned i = 0; i < kind_count; i++)
        if (kinds[i]->accepts(image, len, &what)) {
            if (kinds[i]->create(kinds[i], &c, recorder_ports(r->recorder), &r->machine, &e))
                die(e.text);
            recorder_attach(r->recorder, r->machine);
            return;
        }
    die("no kind accepts the image");
}

static void make_directory(struct rig *r)
{
    const char *tmp = getenv("TMPDIR");
    char path[PATH_MAX + 8];
    struct err e;
    FILE *f;

    snprintf(r->dir, sizeof r->dir, "%s/mews-rig-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(r->dir))
        die("no directory");
    snprintf(path, sizeof path, "%s/in", r->dir);
    f = fopen(path, "w");
    for (unsigned i = 0; f && i < 3000; i++)
        fprintf(f, "line %u\n", i);
    if (!f || fclose(f) || share_init(&r->share, r->dir, &e))
        die("no file");
}

void rig_open(struct rig *r, const u8 *image, size_t len, u64 seed)
{
    struct err e;

    *r = (struct rig) { .chance = chance_from(seed),
                        .console.ops = &console_ops,
                        .diagnostics.ops = &diagnostics_ops,
                        .video.ops = &video_ops,
                        .audio.ops = &audio_ops,
                        .input.ops = &input_ops,
                        .store.ops = &store_ops };
    make_directory(r);
    for (unsigned i = 0; i < RIG_BATTERY; i++)
        r->battery[i] = (u8)chance(&r->chance);
    r->ports = (struct ports) { .console = &r->console,
                                .diagnostics = &r->diagnostics,
                                .video = &r->video,
                                .audio = &r->audio,
                                .input = &r->input,
                                .store = &r->store,
                                .files = &r->share.port };
    if (recorder_create(&r->ports, &r->recorder, &e))
        die(e.text);
    make_machine(r, image, len);
}

void rig_open_deaf(struct rig *r, const u8 *image, size_t len, u32 has)
{
    struct err e;

    *r = (struct rig) { .chance = 1 };
    if (recorder_create_as(&r->ports, has, &r->recorder, &e))
        die(e.text);
    make_machine(r, image, len);
}

void rig_close(struct rig *r)
{
    char path[PATH_MAX + 8];

    r->machine->kind->destroy(r->machine);
    recorder_destroy(r->recorder);
    if (!*r->dir)
        return;
    share_fini(&r->share);
    snprintf(path, sizeof path, "%s/in", r->dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/out", r->dir);
    unlink(path);
    rmdir(r->dir);
}
