/* Scoped release: `OWN(buf) char *p = ...;` frees p at the end of the block, `return TAKE(p);`
 * hands it to the caller instead. Only for locals. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <stdlib.h>
#include <unistd.h>

static inline void own_buf(void *p)
{
    free(*(void **)p);
}
static inline void own_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define OWN(kind) __attribute__((cleanup(own_##kind)))
#define TAKE(p)                 \
    __extension__({             \
        __typeof__(p) t_ = (p); \
        (p) = 0;                \
        t_;                     \
    })

#endif
