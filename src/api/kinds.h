#ifndef API_KINDS_H
#define API_KINDS_H

#include "mach/machine.h"

extern const struct kind *const kinds[];
extern const unsigned kind_count;

#endif
