#include "host/av/av.h"

#include "base/file.h"
#include "host/module.h"
#include "host/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool has_display(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

    return (x && *x) || (wayland && *wayland);
}

static bool has_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static int open_module(struct av_frontend **out, const char *module, const struct av_options *o,
                       struct err *e)
{
    void *entry = NULL;
    av_open_fn *fn;
    int r = module_open(module, AV_OPEN, &entry, e);

    if (r)
        return r;
    memcpy(&fn, &entry, sizeof fn); /* what dlsym() gives is no function for ISO C */
    return fn(out, o, e);
}

int av_kind_named(const char *name, enum av_kind *out, struct err *e)
{
    if (name && strcmp(name, "sdl") != 0 && strcmp(name, "terminal") != 0)
        return err_set(e, ERR_USAGE, "'%s' is nowhere to show pictures: want sdl or terminal",
                       name);
    *out = !name ? AV_AUTO : !strcmp(name, "sdl") ? AV_SDL : AV_CHAFA;
    return 0;
}

int av_open(struct av_frontend **out, enum av_kind kind, const struct av_options *o, struct err *e)
{
    struct err window = { 0 };
    int r;

    if (kind == AV_CHAFA)
        return open_module(out, "av_chafa", o, e);
    if (kind == AV_SDL)
        return open_module(out, "av_sdl", o, e);
    if (has_display()) {
        r = open_module(out, "av_sdl", o, &window);
        if (!r)
            return 0;
    }
    if (has_terminal())
        return open_module(out, "av_chafa", o, e);
    if (window.code) {
        *e = window;
        return -(int)window.code;
    }
    return err_set(e, ERR_NOTSUP,
                   "nowhere to show pictures: there is no display and no terminal here "
                   "(--headless runs without)");
}

int av_screenshot(const struct video_keep *keep, const struct av_settings *s, const char *title,
                  char path[static PATH_MAX], struct err *e)
{
    struct timespec now;
    struct tm local;
    char stamp[32], name[PATH_MAX];
    int r, n;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    /* Milliseconds, for two in one second are two. */
    n = snprintf(name, sizeof name, "%s%s%.100s-%s-%03ld.png", s->screenshots,
                 *s->screenshots ? "/" : "screenshots/", title, stamp, now.tv_nsec / 1000000);
    if (n >= PATH_MAX)
        return err_set(e, ERR_LIMIT, "the path of the screenshot is too long");
    if (*s->screenshots)
        memcpy(path, name, (size_t)n + 1);
    else if ((r = data_path(path, name, e)))
        return r;
    r = file_make_parents(path, e);
    return r ? r : video_keep_png(keep, &s->palette, &s->crop, s->scale, path, e);
}
