#include "kinds/nes/ppu.h"

bool ppu_line_ready(const struct ppu *p)
{
    (void)p;
    return false;
}

void ppu_line(struct ppu *p)
{
    ppu_dot(p);
}
