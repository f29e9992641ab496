/* What people hand to the host: the configuration file, .pal files and --press. The first byte
 * chooses. */
#include "fuzz/target.h"
#include "host/av/press.h"
#include "host/av/settings.h"

static void run_config(const u8 *data, size_t size)
{
    static struct av_settings s; /* large; each run sets all of it */
    struct err e;

    /* A palette of the host's would make the outcome depend on it: such lines name a file that is
     * not there. */
    av_settings_init(&s);
    if (!av_settings_parse(&s, (const char *)data, size, "/nonexistent/config", &e)) {
        must(s.scale >= 1 && s.scale <= 16 && s.volume <= 100);
        must(s.binding_count <= BINDINGS_MAX);
        for (unsigned i = 0; i < s.binding_count; i++)
            must(s.bindings[i].action < ACT_COUNT);
    } else {
        must(e.code && e.text[0]);
    }
}

static void run_press(const u8 *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    u64 frames = 0;
    struct press p;
    struct err e;

    must(text != NULL);
    press_init(&p, &frames);
    if (!press_add(&p, text, &e)) {
        must(p.count == 1 && p.entries[0].from < p.entries[0].to);
        frames = p.entries[0].from;
        must(p.port.ops->buttons(&p.port, 0) | p.port.ops->buttons(&p.port, 1));
        frames = p.entries[0].to;
        must(!(p.port.ops->buttons(&p.port, 0) | p.port.ops->buttons(&p.port, 1)));
    }
    press_fini(&p);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct palette pal;
    struct err e;

    if (!size)
        return 0;
    switch (data[0]) {
    case 'p': run_press(data + 1, size - 1); break;
    case 'l':
        must(!palette_parse(&pal, data + 1, size - 1, "x", &e) == (size == 193 || size == 1537));
        break;
    default: run_config(data, size); break;
    }
    return 0;
}
