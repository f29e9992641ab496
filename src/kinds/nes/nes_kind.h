#ifndef NES_KIND_H
#define NES_KIND_H

#include "mach/machine.h"

extern const struct kind nes_kind;

#endif
