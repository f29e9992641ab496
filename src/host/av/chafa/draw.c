#include "host/av/chafa/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- what to draw with ---- */

static ChafaCanvasMode colours_of(const ChafaTermInfo *info)
{
    const char *colours = getenv("COLORTERM");

    if ((colours && (!strcmp(colours, "truecolor") || !strcmp(colours, "24bit"))) ||
        chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT))
        return CHAFA_CANVAS_MODE_TRUECOLOR;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_256))
        return CHAFA_CANVAS_MODE_INDEXED_240;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_16))
        return CHAFA_CANVAS_MODE_INDEXED_16;
    return CHAFA_CANVAS_MODE_FGBG;
}

void draw_init(struct draw *d, const struct term *t)
{
    ChafaTermDb *db = chafa_term_db_get_default();
    ChafaTermInfo *fallback = chafa_term_db_get_fallback_info(db); /* a new one, ours */
    char **env = g_get_environ();

    *d = (struct draw) { .info = chafa_term_db_detect(db, env) };
    g_strfreev(env);
    d->colours = colours_of(d->info);
    /* The terminal's own word counts, not what its name lets expect. */
    d->pixels = t->kitty_graphics ? CHAFA_PIXEL_MODE_KITTY
                : t->sixel        ? CHAFA_PIXEL_MODE_SIXELS
                                  : CHAFA_PIXEL_MODE_SYMBOLS;
    if (d->pixels != CHAFA_PIXEL_MODE_SYMBOLS)
        d->colours = CHAFA_CANVAS_MODE_TRUECOLOR;
    chafa_term_info_supplement(d->info, fallback);
    chafa_term_info_unref(fallback);
}

void draw_forget(struct draw *d)
{
    for (unsigned i = 0; d->lines && i < d->rows; i++) {
        free(d->lines[i]);
        d->lines[i] = NULL;
    }
}

static void canvas_free(struct draw *d)
{
    draw_forget(d);
    free(d->lines);
    d->lines = NULL;
    if (d->canvas)
        chafa_canvas_unref(d->canvas);
    d->canvas = NULL;
}

void draw_fini(struct draw *d)
{
    canvas_free(d);
    if (d->info)
        chafa_term_info_unref(d->info);
    free(d->rgb);
    free(d->packed);
}

/* ---- where ---- */

/* Half and quarter blocks: a cell shows two colours, and cells are counted in tens of thousands a
 * second, so the finer shapes are left out. */
static ChafaSymbolMap *blocks(void)
{
    ChafaSymbolMap *map = chafa_symbol_map_new();

    chafa_symbol_map_add_by_tags(map, CHAFA_SYMBOL_TAG_SPACE | CHAFA_SYMBOL_TAG_SOLID |
                                          CHAFA_SYMBOL_TAG_HALF | CHAFA_SYMBOL_TAG_QUAD);
    return map;
}

static void canvas_make(struct draw *d)
{
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    ChafaSymbolMap *map = blocks();

    chafa_canvas_config_set_geometry(config, (int)d->columns, (int)d->rows);
    chafa_canvas_config_set_cell_geometry(config, (int)d->size.cell_width,
                                          (int)d->size.cell_height);
    chafa_canvas_config_set_pixel_mode(config, d->pixels);
    chafa_canvas_config_set_canvas_mode(config, d->colours);
    chafa_canvas_config_set_color_space(config, CHAFA_COLOR_SPACE_RGB);
    chafa_canvas_config_set_symbol_map(config, map);
    chafa_canvas_config_set_work_factor(config, 0.2F);
    chafa_canvas_config_set_preprocessing_enabled(config, FALSE);
    chafa_canvas_config_set_optimizations(config, CHAFA_OPTIMIZATION_ALL);
    d->canvas = chafa_canvas_new(config);
    chafa_symbol_map_unref(map);
    chafa_canvas_config_unref(config);
    d->lines = calloc(d->rows, sizeof *d->lines);
}

/* Places a picture of width x height pixels; all the screen is the picture's but for its last line.
 */
static void place(struct draw *d, struct term *t, unsigned width, unsigned height,
                  const struct video_frame *f, enum fit fit)
{
    struct term_size s = term_size(t);
    unsigned rows = s.rows > 1 ? s.rows - 1 : 1;
    struct rect r;

    if (d->canvas && !memcmp(&s, &d->size, sizeof s) && fit == d->fit && width == d->width &&
        height == d->height)
        return;
    canvas_free(d);
    r = picture_fit(fit, width, height, f->aspect_num, f->aspect_den, s.columns * s.cell_width,
                    rows * s.cell_height);
    d->columns = ((unsigned)r.w + s.cell_width / 2) / s.cell_width;
    d->rows = ((unsigned)r.h + s.cell_height / 2) / s.cell_height;
    d->columns = d->columns < 1 ? 1 : d->columns > s.columns ? s.columns : d->columns;
    d->rows = d->rows < 1 ? 1 : d->rows > rows ? rows : d->rows;
    d->column = (s.columns - d->columns) / 2;
    d->row = (rows - d->rows) / 2;
    d->size = s;
    d->width = width;
    d->height = height;
    d->fit = fit;
    canvas_make(d);
    term_puts(t, "\33[0m\33[2J");
}

/* ---- drawing ---- */

static bool pack(struct draw *d, const struct video_frame *f, const u32 *rgb,
                 const struct crop *cut, unsigned width, unsigned height)
{
    size_t need = (size_t)width * height * 3;
    u8 *out;

    if (need > d->rgb_room) {
        out = realloc(d->rgb, need);
        if (!out)
            return false;
        d->rgb = out;
        d->rgb_room = need;
    }
    out = d->rgb;
    for (unsigned y = 0; y < height; y++) {
        const u32 *row = rgb + (size_t)(cut->top + y) * f->width + cut->left;

        for (unsigned x = 0; x < width; x++) {
            *out++ = (u8)(row[x] >> 16);
            *out++ = (u8)(row[x] >> 8);
            *out++ = (u8)row[x];
        }
    }
    return true;
}

static void move_to(struct term *t, unsigned column, unsigned row)
{
    char text[32];

    snprintf(text, sizeof text, "\33[%u;%uH", row + 1, column + 1);
    term_puts(t, text);
}

/* Sends those rows which are not there already. Each begins with its colours, since the row before
 * it may not have been sent. */
static void put_lines(struct draw *d, struct term *t, char *text)
{
    for (unsigned i = 0; i < d->rows && text; i++) {
        char *line = strsep(&text, "\n");

        if (d->lines && d->lines[i] && !strcmp(d->lines[i], line))
            continue;
        move_to(t, d->column, d->row + i);
        term_puts(t, "\33[0m");
        term_puts(t, line);
        if (d->lines) {
            free(d->lines[i]);
            d->lines[i] = strdup(line);
        }
    }
    term_puts(t, "\33[0m");
}

/* The kitty graphics protocol, without chafa: the terminal enlarges pictures itself and takes them
 * compressed, so a picture is some kilobytes where chafa's would be megabytes. One image number
 * for all: a picture replaces the one before. In pieces of 4096 bytes of base64, as it demands. */
static void put_kitty(struct draw *d, struct term *t, unsigned width, unsigned height)
{
    enum { PIECE = 4096 };
    size_t raw = (size_t)width * height * 3, at = 0, len;
    uLongf packed = compressBound(raw);
    char head[128], *text;
    u8 *p = packed > d->packed_room ? realloc(d->packed, packed) : d->packed;

    if (!p)
        return;
    d->packed = p;
    if (packed > d->packed_room)
        d->packed_room = packed;
    if (compress2(d->packed, &packed, d->rgb, raw, 1) != Z_OK)
        return;
    text = g_base64_encode(d->packed, packed);
    len = strlen(text);
    move_to(t, d->column, d->row);
    snprintf(head, sizeof head, "a=T,i=1,p=1,q=2,C=1,f=24,o=z,s=%u,v=%u,c=%u,r=%u,", width, height,
             d->columns, d->rows);
    while (at < len) {
        size_t n = len - at < PIECE ? len - at : PIECE;

        term_puts(t, "\33_G");
        term_puts(t, at ? "" : head);
        term_puts(t, at + n < len ? "m=1;" : "m=0;");
        term_put(t, text + at, n);
        term_puts(t, "\33\\");
        at += n;
    }
    g_free(text);
}

void draw_picture(struct draw *d, struct term *t, const struct video_frame *f, const u32 *rgb,
                  const struct crop *crop, enum fit fit)
{
    struct crop cut = crop_fit(crop, f->width, f->height);
    unsigned width = f->width - cut.left - cut.right, height = f->height - cut.top - cut.bottom;
    GString *out;

    place(d, t, width, height, f, fit);
    if (!pack(d, f, rgb, &cut, width, height))
        return;
    if (d->pixels == CHAFA_PIXEL_MODE_KITTY) {
        put_kitty(d, t, width, height);
        return;
    }
    chafa_canvas_draw_all_pixels(d->canvas, CHAFA_PIXEL_RGB8, d->rgb, (int)width, (int)height,
                                 (int)width * 3);
    out = chafa_canvas_print(d->canvas, d->info);
    term_puts(t, "\33[?2026h"); /* shown at once, where the terminal knows how */
    if (d->pixels == CHAFA_PIXEL_MODE_SYMBOLS) {
        put_lines(d, t, out->str);
    } else {
        move_to(t, d->column, d->row);
        term_put(t, out->str, out->len);
    }
    term_puts(t, "\33[?2026l");
    g_string_free(out, TRUE);
}
