/* The kinds this build has. */
#include "api/kinds.h"

#include "kinds/kvm/kvm_kind.h"
#include "kinds/nes/nes_kind.h"

const struct kind *const kinds[] = { &nes_kind, &kvm_kind };
const unsigned kind_count = ARRAY_SIZE(kinds);
