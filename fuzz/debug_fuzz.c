/* What people and files say to the debugger. The first byte chooses: 's' a symbol file, 'e' an
 * expression, 't' trace events, else lines for the console, of a small 6502v program. */
#include "fuzz/small_machine.h"
#include "svc/debug/console.h"
#include "svc/debug/tracer.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET_TICKS = 4000, LINES_MAX = 40 };

static void run_symbols(const char *text)
{
    struct symbols s;
    struct err e;
    u64 v;

    symbols_init(&s);
    if (symbols_read(&s, text, &e))
        must(e.code && e.text[0]);
    symbols_sort(&s);
    for (size_t i = 0; i < s.count && i < 20; i++) {
        must(symbols_find(&s, s.list[i].name, &v));
        symbols_near(&s, s.list[i].value + i);
    }
    for (size_t i = 0; i < s.line_count && i < 20; i++) {
        const struct symbol_line *l = &s.lines[i];

        must(l->file < s.file_count);
        must(symbols_line(&s, l->first) != NULL);
        must(symbols_line_address(&s, s.files[l->file], l->line, &v));
    }
    symbols_fini(&s);
}

static void run_expression(struct debug *d, const char *text)
{
    struct expr *x;
    struct err e;
    s64 v;

    for (unsigned hex = 0; hex < 2; hex++) {
        if (expr_parse(debug_scope(d), text, hex, NULL, &x, &e)) {
            must(e.code && e.text[0]);
            continue;
        }
        if (expr_eval(x, debug_scope(d), &v, &e))
            must(e.code && e.text[0]);
        expr_destroy(x);
    }
}

static void say(void *ctx, const char *text)
{
    size_t len = strlen(text);

    (void)ctx;
    must(len && text[len - 1] == '\n');
}

static void word(void *ctx, const char *text)
{
    (void)ctx;
    must(*text);
}

static void run_lines(struct debug *d, char *text, bool json)
{
    struct debug_console_options o = { .json = json, .no_files = true, .say = say };
    struct debug_console *c;
    unsigned lines = 0;
    struct err e;

    must(!debug_console_create(d, &o, &c, &e));
    for (char *rest = text, *line; lines++ < LINES_MAX && (line = strsep(&rest, "\n"));) {
        debug_console_complete(c, line, word, NULL);
        budget = BUDGET_TICKS;
        if (debug_console_run(c, line, &e))
            must(e.code && e.text[0]);
    }
    debug_console_destroy(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size ? strndup((const char *)data + 1, size - 1) : NULL;
    struct trace_filter f;
    struct machine *m;
    struct debug *d;
    struct kind k;
    struct err e;

    if (!text)
        return 0;
    if (*data == 's') {
        run_symbols(text);
        free(text);
        return 0;
    }
    m = make_machine(&k);
    must(!debug_create(m, NULL, NULL, &d, &e));
    switch (*data) {
    case 'e': run_expression(d, text); break;
    case 't':
        if (!trace_filter_parse(m, text, &f, &e))
            must(f.mask);
        break;
    default: run_lines(d, text, *data == 'j'); break;
    }
    debug_destroy(d);
    k.destroy(m);
    free(text);
    return 0;
}
