#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    int sys = code == ERR_SYS ? errno : 0;
    va_list ap;
    int used;

    e->code = code;
    e->sys = sys;
    va_start(ap, fmt);
    used = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    if (sys && used >= 0 && (size_t)used < sizeof e->text)
        snprintf(e->text + used, sizeof e->text - (size_t)used, ": %s", strerror(sys));
    return -(int)code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof e->text];
    int used;
    va_list ap;

    memcpy(inner, e->text, sizeof inner);
    va_start(ap, fmt);
    used = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    if (used >= 0 && (size_t)used < sizeof e->text)
        snprintf(e->text + used, sizeof e->text - (size_t)used, ": %.*s", (int)(sizeof inner - 3),
                 inner);
    return -(int)e->code;
}

const char *err_name(enum err_code code)
{
    static const char *const text[] = {
#define X(id, s) [ERR_##id] = s,
        ERR_LIST(X)
#undef X
    };
    return code < ERR_COUNT ? text[code] : "unknown";
}
