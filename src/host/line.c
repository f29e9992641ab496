#include "host/line.h"

#include "host/module.h"

int line_module(const struct line_module **out, struct err *e)
{
    void *entry;

    if (module_open("line", LINE_MODULE, &entry, e))
        return -(int)e->code;
    *out = entry;
    return 0;
}
