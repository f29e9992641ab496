/* The window: pictures and a line of text, by SDL. */
#ifndef HOST_AV_SDL_WINDOW_H
#define HOST_AV_SDL_WINDOW_H

#include "host/av/av.h"

#include <SDL.h>

struct window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *picture; /* as large as the machine's, less the crop */
    SDL_Texture *large;   /* the same in whole multiples, on its way to the window's size */
    unsigned width, height, times; /* of picture; large is so many times that */
    u32 aspect_num, aspect_den;
    u32 *rgb; /* the whole frame, converted */
    size_t rgb_room;
    bool fullscreen, sized;
    char text[128];
    u64 text_until_ns;
};

int window_init(struct window *w, const struct av_settings *s, const char *title, struct err *e);
void window_fini(struct window *w);
/* Keeps the frame for window_show(). */
void window_frame(struct window *w, const struct video_frame *f, const struct av_settings *s);
/* Draws; with vsync, waits for the screen. */
void window_show(struct window *w, enum fit fit);
void window_fullscreen(struct window *w, bool on);
void window_text(struct window *w, const char *text);

#endif
