#include "kinds/nes/mos6502.h"

FIELD_TABLE(mos6502, 1, MOS6502)
