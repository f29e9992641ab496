#include "host/av/chafa/still.h"

#include "host/module.h"

#include <chafa.h>
#include <stdlib.h>
#include <sys/ioctl.h>

chafa_still_fn mews_chafa_still;

static ChafaCanvasConfig *make_config(const ChafaTermInfo *info, const struct video_frame *f,
                                      FILE *out)
{
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    struct winsize size = { 0 };
    int columns = 80, rows = 1000;
    const char *colours = getenv("COLORTERM");
    bool direct = colours || chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT);

    if (!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
        columns = size.ws_col;
    chafa_calc_canvas_geometry((int)f->width, (int)f->height, &columns, &rows, 0.5F, FALSE, FALSE);
    chafa_canvas_config_set_geometry(config, columns, rows);
    chafa_canvas_config_set_canvas_mode(config, direct ? CHAFA_CANVAS_MODE_TRUECOLOR
                                                       : CHAFA_CANVAS_MODE_INDEXED_240);
    return config;
}

MODULE_EXPORT int mews_chafa_still(const struct video_frame *f, const u32 *rgb, FILE *out,
                                   struct err *e)
{
    ChafaTermDb *db = chafa_term_db_get_default();
    char **env = g_get_environ();
    ChafaTermInfo *info = chafa_term_db_detect(db, env);
    ChafaTermInfo *fallback = chafa_term_db_get_fallback_info(db);
    ChafaCanvasConfig *config;
    ChafaCanvas *canvas;
    size_t count = (size_t)f->width * f->height;
    u8 *bytes = malloc(count * 3);
    GString *text;

    g_strfreev(env);
    chafa_term_info_supplement(info, fallback);
    chafa_term_info_unref(fallback);
    if (!bytes) {
        chafa_term_info_unref(info);
        return err_set(e, ERR_NOMEM, "no memory for the picture");
    }
    for (size_t i = 0; i < count; i++) {
        bytes[3 * i] = (u8)(rgb[i] >> 16);
        bytes[3 * i + 1] = (u8)(rgb[i] >> 8);
        bytes[3 * i + 2] = (u8)rgb[i];
    }
    config = make_config(info, f, out);
    canvas = chafa_canvas_new(config);
    chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, bytes, (int)f->width, (int)f->height,
                                 (int)f->width * 3);
    text = chafa_canvas_print(canvas, info);
    fwrite(text->str, 1, text->len, out);
    fputc('\n', out);
    g_string_free(text, TRUE);
    chafa_canvas_unref(canvas);
    chafa_canvas_config_unref(config);
    chafa_term_info_unref(info);
    free(bytes);
    return 0;
}
