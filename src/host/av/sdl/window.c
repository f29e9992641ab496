#include "host/av/sdl/window.h"

#include "host/av/clock.h"
#include "host/av/sdl/font.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_NS = 1000000000, /* times TEXT_SECONDS */
    TEXT_SECONDS = 3,
    TEXT_LINES = 3,
    TIMES_MAX = 8,
    FPS_MIN = 59, /* a screen slower than this would hold an NTSC machine back */
};

/* ---- opening ---- */

static void size_for(const struct av_settings *s, unsigned width, unsigned height, u32 aspect_num,
                     u32 aspect_den, int *w, int *h)
{
    *w = (int)(((u64)width * s->scale * aspect_num + aspect_den / 2) / aspect_den);
    *h = (int)(height * s->scale);
}

static bool screen_fast_enough(SDL_Window *window)
{
    SDL_DisplayMode mode;

    return SDL_GetCurrentDisplayMode(SDL_GetWindowDisplayIndex(window), &mode) ||
           !mode.refresh_rate || mode.refresh_rate >= FPS_MIN;
}

int window_init(struct window *w, const struct av_settings *s, const char *title, struct err *e)
{
    struct crop cut = crop_fit(&s->crop, 256, 240);
    u32 vsync = 0;
    int width, height;

    *w = (struct window) { 0 };
    /* What most machines will show; the first picture corrects it. */
    size_for(s, 256 - cut.left - cut.right, 240 - cut.top - cut.bottom, 8, 7, &width, &height);
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, width,
                                 height, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!w->window)
        return err_set(e, ERR_NOTSUP, "no window: %s", SDL_GetError());
    if (s->vsync && screen_fast_enough(w->window))
        vsync = SDL_RENDERER_PRESENTVSYNC;
    w->renderer = SDL_CreateRenderer(w->window, -1, vsync);
    if (!w->renderer && vsync)
        w->renderer = SDL_CreateRenderer(w->window, -1, 0);
    if (!w->renderer)
        return err_set(e, ERR_NOTSUP, "no window: %s", SDL_GetError());
    if (s->fullscreen)
        window_fullscreen(w, true);
    window_show(w, s->fit);
    return 0;
}

void window_fini(struct window *w)
{
    if (w->large)
        SDL_DestroyTexture(w->large);
    if (w->picture)
        SDL_DestroyTexture(w->picture);
    if (w->renderer)
        SDL_DestroyRenderer(w->renderer);
    if (w->window)
        SDL_DestroyWindow(w->window);
    free(w->rgb);
}

void window_fullscreen(struct window *w, bool on)
{
    if (on == w->fullscreen)
        return;
    if (!SDL_SetWindowFullscreen(w->window, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0))
        w->fullscreen = on;
    SDL_ShowCursor(w->fullscreen ? SDL_DISABLE : SDL_ENABLE);
}

void window_text(struct window *w, const char *text)
{
    snprintf(w->text, sizeof w->text, "%s", text);
    w->text_until_ns = clock_now_ns() + (u64)TEXT_SECONDS * TEXT_NS;
}

/* ---- pictures ---- */

static SDL_Texture *texture_create(struct window *w, int access, unsigned width, unsigned height,
                                   SDL_ScaleMode mode)
{
    SDL_Texture *t = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_XRGB8888, access, (int)width,
                                       (int)height);

    if (t)
        SDL_SetTextureScaleMode(t, mode);
    return t;
}

/* Makes the texture for pictures of this size, and the window's first size. */
static bool picture_resize(struct window *w, const struct video_frame *f, unsigned width,
                           unsigned height, const struct av_settings *s)
{
    int win_w, win_h;

    if (w->picture && width == w->width && height == w->height)
        return true;
    if (w->picture)
        SDL_DestroyTexture(w->picture);
    w->picture = texture_create(w, SDL_TEXTUREACCESS_STREAMING, width, height,
                                SDL_ScaleModeNearest);
    w->width = width;
    w->height = height;
    w->times = 0;
    w->aspect_num = f->aspect_num;
    w->aspect_den = f->aspect_den;
    if (!w->sized && !w->fullscreen) {
        size_for(s, width, height, f->aspect_num, f->aspect_den, &win_w, &win_h);
        SDL_SetWindowSize(w->window, win_w, win_h);
    }
    w->sized = true;
    return w->picture;
}

void window_frame(struct window *w, const struct video_frame *f, const struct av_settings *s)
{
    struct crop cut = crop_fit(&s->crop, f->width, f->height);
    unsigned width = f->width - cut.left - cut.right, height = f->height - cut.top - cut.bottom;
    size_t need = (size_t)f->width * f->height;

    if (need > w->rgb_room) {
        u32 *p = realloc(w->rgb, need * sizeof *p);

        if (!p)
            return;
        w->rgb = p;
        w->rgb_room = need;
    }
    if (!picture_resize(w, f, width, height, s))
        return;
    picture_convert(f, &s->palette, w->rgb);
    SDL_UpdateTexture(w->picture, NULL, w->rgb + (size_t)cut.top * f->width + cut.left,
                      (int)(f->width * sizeof *w->rgb));
}

/* Pixels whose sides are no whole number of the screen's would be uneven if drawn as they are, and
 * blurred if interpolated. So first to whole multiples at least as large as wanted, then smoothly
 * down: even, with edges less than one of the screen's pixels soft. */
static SDL_Texture *multiplied(struct window *w, const struct rect *to)
{
    unsigned across = ((unsigned)to->w + w->width - 1) / w->width;
    unsigned down = ((unsigned)to->h + w->height - 1) / w->height;
    unsigned times = across > down ? across : down;

    if ((unsigned)to->w % w->width == 0 && (unsigned)to->h % w->height == 0)
        return w->picture;
    if (times > TIMES_MAX)
        times = TIMES_MAX;
    if (times != w->times) {
        if (w->large)
            SDL_DestroyTexture(w->large);
        w->large = texture_create(w, SDL_TEXTUREACCESS_TARGET, w->width * times, w->height * times,
                                  SDL_ScaleModeLinear);
        w->times = times;
    }
    if (!w->large || SDL_SetRenderTarget(w->renderer, w->large))
        return w->picture;
    SDL_RenderCopy(w->renderer, w->picture, NULL, NULL);
    SDL_SetRenderTarget(w->renderer, NULL);
    return w->large;
}

/* ---- text ---- */

static void draw_letter(SDL_Renderer *r, char c, int x, int y, int dot)
{
    for (unsigned row = 0; row < FONT_HEIGHT; row++)
        for (unsigned col = 0, bits = font_row(c, row); col < FONT_WIDTH; col++)
            if (bits >> (FONT_WIDTH - 1 - col) & 1)
                SDL_RenderFillRect(
                    r, &(SDL_Rect) { x + (int)col * dot, y + (int)row * dot, dot, dot });
}

/* At the lower left, on a dark ground; long text in lines, and what is more than three lines has
 * its beginning left out. */
static void draw_text(struct window *w, int area_w, int area_h)
{
    int dot = area_h / 320 + 1, step = (FONT_WIDTH + 1) * dot, line = (FONT_HEIGHT + 2) * dot;
    int columns = (area_w - 4 * dot) / step, len = (int)strlen(w->text), rows;
    const char *text = w->text;

    if (columns < 1)
        return;
    if (len > columns * TEXT_LINES) {
        text += len - columns * TEXT_LINES;
        len = columns * TEXT_LINES;
    }
    rows = (len + columns - 1) / columns;
    SDL_SetRenderDrawBlendMode(w->renderer, SDL_BLENDMODE_BLEND);
    SDL_SetRenderDrawColor(w->renderer, 0, 0, 0, 176);
    SDL_RenderFillRect(w->renderer, &(SDL_Rect) { 0, area_h - rows * line - dot,
                                                  (rows > 1 ? columns : len) * step + 3 * dot,
                                                  rows * line + dot });
    SDL_SetRenderDrawColor(w->renderer, 255, 255, 255, 255);
    for (int i = 0; i < len; i++)
        draw_letter(w->renderer, text[i], 2 * dot + i % columns * step,
                    area_h - (rows - i / columns) * line + dot, dot);
}

void window_show(struct window *w, enum fit fit)
{
    int area_w, area_h;

    SDL_GetRendererOutputSize(w->renderer, &area_w, &area_h);
    SDL_SetRenderDrawBlendMode(w->renderer, SDL_BLENDMODE_NONE);
    if (w->picture && area_w > 0 && area_h > 0) {
        struct rect to = picture_fit(fit, w->width, w->height, w->aspect_num, w->aspect_den,
                                     (unsigned)area_w, (unsigned)area_h);
        SDL_Texture *from = multiplied(w, &to);

        SDL_SetRenderDrawColor(w->renderer, 0, 0, 0, 255);
        SDL_RenderClear(w->renderer);
        SDL_RenderCopy(w->renderer, from, NULL, &(SDL_Rect) { to.x, to.y, to.w, to.h });
    } else {
        SDL_SetRenderDrawColor(w->renderer, 0, 0, 0, 255);
        SDL_RenderClear(w->renderer);
    }
    if (clock_now_ns() < w->text_until_ns)
        draw_text(w, area_w, area_h);
    SDL_RenderPresent(w->renderer);
}
