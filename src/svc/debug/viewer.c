#include "svc/debug/viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int view_find(const struct machine *m, const char *name, const struct view **out, struct err *e)
{
    char list[160] = "";
    size_t at = 0;

    for (unsigned i = 0; i < m->view_count; i++)
        if (!strcmp(m->views[i].name, name)) {
            *out = &m->views[i];
            return 0;
        }
    for (unsigned i = 0; i < m->view_count && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? " " : "",
                               m->views[i].name);
    return err_set(e, ERR_USAGE, "'%.40s' is no view of this machine (%s)", name,
                   *list ? list : "it has none");
}

/* A table is gathered as JSON first: so that text knows the columns, and both say the same. */
struct gather {
    struct view_table table;
    json_t *rows, *row, *hex; /* hex: digits by the cell's name */
};

static void gather_row(struct view_table *t, const char *name)
{
    struct gather *g = container_of(t, struct gather, table);

    g->row = json_pack("{s:s}", "name", name);
    json_array_append_new(g->rows, g->row);
}

static void gather_number(struct view_table *t, const char *cell, u64 value, unsigned hex)
{
    struct gather *g = container_of(t, struct gather, table);

    json_object_set_new(g->row, cell, json_integer((json_int_t)value));
    if (hex)
        json_object_set_new(g->hex, cell, json_integer(hex));
}

static void gather_word(struct view_table *t, const char *cell, const char *value)
{
    struct gather *g = container_of(t, struct gather, table);

    json_object_set_new(g->row, cell, json_string(value));
}

static const struct view_table_ops gather_ops = { gather_row, gather_number, gather_word };

static struct gather gather(struct machine *m, const struct view *v)
{
    struct gather g = { .table.ops = &gather_ops, .rows = json_array(), .hex = json_object() };

    v->table(m, &g.table);
    return g;
}

static int cell_text(const struct gather *g, const char *name, const json_t *value, char *out,
                     size_t room)
{
    const json_t *hex = json_object_get(g->hex, name);

    if (json_is_string(value))
        return snprintf(out, room, "%s", json_string_value(value));
    if (hex)
        return snprintf(out, room, "%0*llX", (int)json_integer_value(hex),
                        (unsigned long long)json_integer_value(value));
    return snprintf(out, room, "%lld", (long long)json_integer_value(value));
}

/* Each cell as "name value"; what is named by a number alone, as the value. */
static void table_text(const struct gather *g, FILE *f)
{
    size_t i;
    json_t *row, *value;
    const char *key;

    json_array_foreach(g->rows, i, row)
    {
        fprintf(f, "%-14s", json_string_value(json_object_get(row, "name")));
        json_object_foreach(row, key, value)
        {
            char cell[80];

            if (!strcmp(key, "name"))
                continue;
            cell_text(g, key, value, cell, sizeof cell);
            if (strspn(key, "0123456789") == strlen(key))
                fprintf(f, " %s", cell);
            else
                fprintf(f, " %s %-5s", key, cell);
        }
        fputc('\n', f);
    }
}

static void gather_end(struct gather *g)
{
    json_decref(g->rows);
    json_decref(g->hex);
}

static int plain_text(struct machine *m, const struct view *v, char **out, struct err *e)
{
    int len = v->text(m, NULL, 0);

    *out = len < 0 ? NULL : malloc((size_t)len + 1);
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for the view");
    v->text(m, *out, (size_t)len + 1);
    return 0;
}

int view_text(struct machine *m, const struct view *v, char **out, struct err *e)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f;

    if (v->text)
        return plain_text(m, v, out, e);
    if (!v->table)
        return err_set(e, ERR_NOTSUP, "%s is a picture, and has no text", v->name);
    f = open_memstream(&text, &len);
    if (f) {
        struct gather g = gather(m, v);

        table_text(&g, f);
        gather_end(&g);
    }
    if (!f || fclose(f)) {
        free(text);
        return err_set(e, ERR_NOMEM, "no memory for the view");
    }
    *out = text;
    return 0;
}

int view_json(struct machine *m, const struct view *v, json_t **out, struct err *e)
{
    char *text;

    if (v->table) {
        struct gather g = gather(m, v);

        *out = json_pack("{s:s, s:O}", "view", v->name, "rows", g.rows);
        gather_end(&g);
        return 0;
    }
    if (view_text(m, v, &text, e))
        return -(int)e->code;
    *out = json_pack("{s:s, s:s}", "view", v->name, "text", text);
    free(text);
    return *out ? 0 : err_set(e, ERR_FORMAT, "%s: the text is no UTF-8", v->name);
}
