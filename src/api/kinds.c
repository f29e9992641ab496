/* The kinds this build has. */
#include "api/kinds.h"

#include "kinds/nes/nes_kind.h"

const struct kind *const kinds[] = { &nes_kind };
const unsigned kind_count = ARRAY_SIZE(kinds);
