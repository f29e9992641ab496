#include "host/line.h"

#include "base/file.h"
#include "host/module.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_LINES = 1000, LINE_ROOM = 4096, WORDS_MAX = 200 };

struct line_editor {
    EditLine *el;
    History *history;
    struct line_options o;
    const char *prompt;
    char line[LINE_ROOM];
    char *words[WORDS_MAX]; /* what a completion found */
    unsigned count;
    char *keep; /* the path of the history, ours */
};

static char *get_prompt(EditLine *el)
{
    struct line_editor *l;

    el_get(el, EL_CLIENTDATA, &l);
    return (char *)l->prompt;
}

/* ---- completion ---- */

static void take_word(void *ctx, const char *word)
{
    struct line_editor *l = ctx;

    for (unsigned i = 0; i < l->count; i++)
        if (!strcmp(l->words[i], word))
            return;
    if (l->count < WORDS_MAX && (l->words[l->count] = strdup(word)))
        l->count++;
}

static size_t common(const struct line_editor *l)
{
    size_t len = strlen(l->words[0]);

    for (unsigned i = 1; i < l->count; i++) {
        size_t n = 0;

        while (n < len && l->words[i][n] == l->words[0][n])
            n++;
        len = n;
    }
    return len;
}

static unsigned char list_words(struct line_editor *l)
{
    putchar('\n');
    for (unsigned i = 0; i < l->count; i++)
        printf("%s%s", l->words[i], i + 1 < l->count ? "  " : "\n");
    if (l->count == WORDS_MAX)
        puts("...");
    fflush(stdout);
    return CC_REDISPLAY;
}

static unsigned char insert_words(struct line_editor *l, EditLine *el, size_t typed)
{
    size_t len = common(l);
    char more[LINE_ROOM];

    if (len <= typed && l->count > 1)
        return list_words(l);
    snprintf(more, sizeof more, "%.*s%s", (int)(len - typed), l->words[0] + typed,
             l->count == 1 ? " " : "");
    return *more && el_insertstr(el, more) < 0 ? CC_ERROR : CC_REFRESH;
}

static unsigned char complete(EditLine *el, int key)
{
    const LineInfo *info = el_line(el);
    size_t len = (size_t)(info->cursor - info->buffer), typed = 0;
    struct line_editor *l;
    char line[LINE_ROOM];
    unsigned char r = CC_ERROR;

    (void)key;
    el_get(el, EL_CLIENTDATA, &l);
    if (!l->o.complete || len >= sizeof line)
        return CC_ERROR;
    memcpy(line, info->buffer, len);
    line[len] = 0;
    l->count = 0;
    l->o.complete(l->o.ctx, line, take_word, l);
    if (l->count) {
        /* So much of the word is there already: the longest end of the line that begins it. */
        for (size_t n = strlen(l->words[0]); n && !typed; n--)
            if (n <= len && !memcmp(line + len - n, l->words[0], n))
                typed = n;
        r = insert_words(l, el, typed);
    }
    for (unsigned i = 0; i < l->count; i++)
        free(l->words[i]);
    return r;
}

/* ---- life ---- */

static void line_close(struct line_editor *l)
{
    HistEvent ev;

    if (!l)
        return;
    if (l->history && l->keep)
        history(l->history, &ev, H_SAVE, l->keep);
    if (l->el)
        el_end(l->el);
    if (l->history)
        history_end(l->history);
    free(l->keep);
    free(l);
}

static int line_open(const struct line_options *o, struct line_editor **out, struct err *e)
{
    struct line_editor *l = calloc(1, sizeof *l);
    HistEvent ev;

    if (!l)
        return err_set(e, ERR_NOMEM, "no memory for an editor of lines");
    l->o = *o;
    l->el = el_init(o->name, stdin, stdout, stderr);
    l->history = history_init();
    if (!l->el || !l->history) {
        line_close(l);
        return err_set(e, ERR_NOMEM, "no memory for an editor of lines");
    }
    history(l->history, &ev, H_SETSIZE, HISTORY_LINES);
    history(l->history, &ev, H_SETUNIQUE, 1);
    if (o->history && !file_make_parents(o->history, e) && (l->keep = strdup(o->history)))
        history(l->history, &ev, H_LOAD, l->keep);
    el_set(l->el, EL_CLIENTDATA, l);
    el_set(l->el, EL_PROMPT, get_prompt);
    el_set(l->el, EL_EDITOR, "emacs");
    el_set(l->el, EL_HIST, history, l->history);
    /* Of narrow ones it would make wide copies, and lose them. */
    el_wset(l->el, EL_ADDFN, L"mews-complete", L"completes a word", complete);
    el_set(l->el, EL_BIND, "^I", "mews-complete", NULL);
    el_set(l->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(l->el, NULL);
    *out = l;
    return 0;
}

static const char *line_read(struct line_editor *l, const char *prompt, bool *interrupted)
{
    const char *line;
    HistEvent ev;
    int count = 0;

    l->prompt = prompt;
    errno = 0;
    line = el_gets(l->el, &count);
    *interrupted = !line && errno == EINTR;
    if (!line || count <= 0) {
        el_reset(l->el);
        return NULL;
    }
    snprintf(l->line, sizeof l->line, "%.*s", (int)strcspn(line, "\n"), line);
    if (l->line[strspn(l->line, " ")])
        history(l->history, &ev, H_ENTER, l->line);
    return l->line;
}

extern const struct line_module mews_line_module;
MODULE_EXPORT const struct line_module mews_line_module = { line_open, line_read, line_close };
