/* How a person leaves a guest's console: Ctrl-A x. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/types.h"

/* Takes the escapes out of what was typed: Ctrl-A twice is one for the guest. True: the person
 * leaves; *len is then what came before. `pending`, false at first, is kept from call to call. */
static inline bool escape_take(char *bytes, size_t *len, bool *pending)
{
    enum { CTRL_A = 1 };
    size_t n = 0, all = *len;

    for (size_t i = 0; i < all; i++) {
        char c = bytes[i];

        *len = n;
        if (*pending && c == 'x')
            return true;
        if (!*pending && c == CTRL_A) {
            *pending = true;
            continue;
        }
        *pending = false;
        bytes[n++] = c;
    }
    *len = n;
    return false;
}

#endif
