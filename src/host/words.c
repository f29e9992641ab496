#include "host/words.h"

#include <stdlib.h>
#include <string.h>

char *words_cut(char **rest)
{
    char *start = *rest, *to = start, *from = start;

    for (; *from && (*from != ',' || from[1] == ','); from++) {
        from += *from == ',';
        *to++ = *from;
    }
    *rest = *from ? from + 1 : NULL;
    *to = 0;
    return start;
}

int words_number(const char *word, const char *text, u64 *out, struct err *e)
{
    static const char units[] = "KMGT";
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;

    if (*text < '0' || *text > '9' || (*end && (!unit || end[1])) || !v || v > UINT64_MAX >> shift)
        return err_set(e, ERR_USAGE, "%s=%s: a number from 1 on, with K, M, G or T behind it", word,
                       text);
    *out = v << shift;
    return 0;
}
