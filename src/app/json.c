/* JSON for people's programs. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes at the start of s which are one character of UTF-8 as jansson takes it; 0: none. */
static size_t character(const char *s)
{
    size_t most = strnlen(s, 4);

    for (size_t len = 1; len <= most; len++) {
        json_t *j = json_stringn(s, len);

        json_decref(j);
        if (j)
            return len;
    }
    return 0;
}

json_t *json_text(const char *s)
{
    json_t *j = json_string(s);
    char *text, *to;

    if (j)
        return j;
    text = to = malloc(3 * strlen(s) + 1);
    while (text && *s) {
        size_t len = character(s);

        memcpy(to, len ? s : "\xef\xbf\xbd", len ? len : 3);
        to += len ? len : 3;
        s += len ? len : 1;
    }
    j = text ? json_stringn(text, (size_t)(to - text)) : NULL;
    free(text);
    return j;
}

void json_print(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(j);
}
