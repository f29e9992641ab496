/* inspect: what is in a snapshot. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_row inspect_options[] = {
    { "verify", NULL, "read all memory and compare checksums" },
    { "json", NULL, "print JSON" },
    { NULL, NULL, NULL },
};

struct inspect {
    bool verify, json;
};

static int set_option(void *ctx, const char *name, const char *value)
{
    struct inspect *i = ctx;

    (void)value;
    *(!strcmp(name, "verify") ? &i->verify : &i->json) = true;
    return 0;
}

/* ---- for people ---- */

enum { VALUES_WIDTH = 60 };

static void print_field(void *ctx, const char *path, const char *type, unsigned count,
                        const char *values)
{
    size_t len = strlen(values), shown = len;

    (void)ctx;
    if (len > VALUES_WIDTH)
        for (shown = VALUES_WIDTH; shown && values[shown] != ' ';)
            shown--;
    printf("  %-32s %.*s%s", path, (int)shown, values, shown < len ? " ..." : "");
    if (count > 1)
        printf("  (%u %s)", count, type);
    putchar('\n');
}

static void print_memory(void *ctx, const char *name, uint64_t base, uint64_t size,
                         uint64_t stored_bytes)
{
    (void)ctx;
    printf("  %-12s %llu bytes at $%llx, %llu stored\n", name, (unsigned long long)size,
           (unsigned long long)base, (unsigned long long)stored_bytes);
}

static int print_text(const struct mews_image *i)
{
    struct mews_image_info f;
    struct mews_error e;

    mews_image_info(i, &f);
    printf("what: snapshot of %s\nkind: %s\nboard: %s\nwritten by: %s\ndigest: %s\n", f.name,
           f.kind, f.board, f.program, f.digest);
    if (f.chained)
        printf("base: %s\n", f.base);
    if (f.also)
        printf("stands for: %s\n", f.also);
    if (f.compressed)
        puts("compressed: yes");
    printf("time: %.6f s, %llu ticks\npictures: %llu\nfile: %llu bytes\nmemory:\n",
           (double)f.now / f.hz, (unsigned long long)f.now, (unsigned long long)f.frames,
           (unsigned long long)f.file_bytes);
    mews_image_memories(i, print_memory, NULL);
    puts("state:");
    return mews_image_fields(i, print_field, NULL, &e) ? fail_error(&e) : 0;
}

/* ---- for programs ---- */

static json_t *value_json(const char *type, const char *text)
{
    if (!strcmp(type, "enum"))
        return json_text(text);
    if (!strcmp(type, "bool"))
        return json_boolean(*text == 't');
    if (!strcmp(type, "u64") && strtoull(text, NULL, 10) > INT64_MAX)
        return json_text(text); /* more than a JSON integer holds */
    return json_integer(strtoll(text, NULL, 10));
}

static void add_field(void *ctx, const char *path, const char *type, unsigned count,
                      const char *values)
{
    json_t *list = json_array(), *value;
    char *copy = strdup(values), *rest = NULL;

    for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word;
         word = strtok_r(NULL, " ", &rest))
        json_array_append_new(list, value_json(type, word));
    free(copy);
    value = count == 1 ? json_incref(json_array_get(list, 0)) : json_incref(list);
    json_decref(list);
    json_array_append_new(
        ctx, json_pack("{s:o, s:s, s:o}", "path", json_text(path), "type", type, "value", value));
}

static void add_memory(void *ctx, const char *name, uint64_t base, uint64_t size,
                       uint64_t stored_bytes)
{
    json_array_append_new(ctx, json_pack("{s:o, s:I, s:I, s:I}", "name", json_text(name), "base",
                                         (json_int_t)base, "bytes", (json_int_t)size, "stored",
                                         (json_int_t)stored_bytes));
}

static int print_json(const struct mews_image *i)
{
    json_t *fields = json_array(), *memory = json_array(), *j;
    struct mews_image_info f;
    struct mews_error e;

    mews_image_info(i, &f);
    mews_image_memories(i, add_memory, memory);
    if (mews_image_fields(i, add_field, fields, &e)) {
        json_decref(fields);
        json_decref(memory);
        return fail_error(&e);
    }
    j = json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:f, s:I, s:I, s:I, s:o, s:o}", "name",
                  json_text(f.name), "kind", json_text(f.kind), "board", json_text(f.board),
                  "program", json_text(f.program), "digest", f.digest, "compressed", f.compressed,
                  "hz", f.hz, "ticks", (json_int_t)f.now, "pictures", (json_int_t)f.frames, "bytes",
                  (json_int_t)f.file_bytes, "memory", memory, "state", fields);
    if (f.chained)
        json_object_set_new(j, "base", json_string(f.base));
    if (f.also)
        json_object_set_new(j, "stands_for", json_string(f.also));
    json_print(j);
    return 0;
}

int cmd_inspect(const struct command *c, int argc, char **argv)
{
    struct inspect asked = { false, false };
    struct mews_image *i;
    struct mews_error e;
    int at = options_parse(c, argc, argv, set_option, &asked), status;

    if (at < 0)
        return options_end(at);
    if (at + 1 != argc)
        return usage(c, "wants one FILE");
    if (mews_image_open(argv[at], &i, &e))
        return fail_error(&e);
    if (asked.verify && mews_image_verify(i, &e))
        status = fail_error(&e);
    else
        status = asked.json ? print_json(i) : print_text(i);
    mews_image_close(i);
    return status;
}
