#include "host/config.h"

#include "base/own.h"

#include <stdio.h>
#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts a comment and the blanks at both ends; returns where the text begins. A # is a comment at
 * the start of a line and behind a blank, so that a path may have one. */
static char *trim(char *s)
{
    char *end;

    while (blank(*s))
        s++;
    for (char *p = s; *p; p++)
        if (*p == '#' && (p == s || blank(p[-1]))) {
            *p = 0;
            break;
        }
    end = s + strlen(s);
    while (end > s && blank(end[-1]))
        end--;
    *end = 0;
    return s;
}

/* "[name]", at its bracket. */
static int parse_section(char *s, const char **section, struct err *e)
{
    size_t len = strlen(s);

    if (s[len - 1] != ']' || len < 3)
        return err_set(e, ERR_FORMAT, "a section is [name], not '%.60s'", s);
    s[len - 1] = 0;
    *section = trim(s + 1);
    return 0;
}

static int parse_line(char *s, struct config_line *l, config_fn *each, void *context, struct err *e)
{
    char *equals;

    s = trim(s);
    if (!*s)
        return 0;
    if (*s == '[')
        return parse_section(s, &l->section, e);
    equals = strchr(s, '=');
    if (!equals || equals == s)
        return err_set(e, ERR_FORMAT, "not 'key = value': '%.60s'", s);
    *equals = 0;
    l->key = trim(s);
    l->value = trim(equals + 1);
    return each(context, l, e);
}

int config_parse(const char *text, size_t len, const char *name, config_fn *each, void *context,
                 struct err *e)
{
    OWN(buf) char *copy = malloc(len + 1);
    struct config_line l = { "", "", "", 0 };
    char *s = copy;
    int r = 0;

    if (!copy)
        return err_set(e, ERR_NOMEM, "%s", name);
    memcpy(copy, text, len);
    copy[len] = 0;
    while (!r && s < copy + len) {
        char *end = memchr(s, '\n', (size_t)(copy + len - s));

        l.line++;
        if (!end)
            end = copy + len;
        *end = 0;
        if (strlen(s) != (size_t)(end - s))
            r = err_set(e, ERR_FORMAT, "a zero byte: this is no text");
        else
            r = parse_line(s, &l, each, context, e);
        s = end + 1;
    }
    return r ? err_wrap(e, "%s:%u", name, l.line) : 0;
}

int config_path(char path[static PATH_MAX], struct err *e)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n;

    if (config && *config == '/')
        n = snprintf(path, PATH_MAX, "%s/mews/config", config);
    else if (home && *home)
        n = snprintf(path, PATH_MAX, "%s/.config/mews/config", home);
    else
        return err_set(e, ERR_STATE, "no configuration: neither XDG_CONFIG_HOME nor HOME is set");
    return n < PATH_MAX ? 0 : err_set(e, ERR_LIMIT, "the path of the configuration is too long");
}
