/* The table of boards. */
#include "kinds/nes/cart.h"

#include "kinds/nes/boards/boards.h"

const struct mapper *const mapper_list[] = {
#define X(board) &board,
    BOARD_LIST(X)
#undef X
};
const unsigned mapper_count = ARRAY_SIZE(mapper_list);

const struct mapper *mapper_find(u16 number, u8 submapper)
{
    const struct mapper *any = NULL;

    for (unsigned i = 0; i < mapper_count; i++) {
        const struct mapper *m = mapper_list[i];

        if (m->number == number && m->submapper == submapper)
            return m;
        if (m->number == number && m->submapper < 0)
            any = m;
    }
    return any;
}

/* Names of boards that owners of a file may meet, supported or not. */
const char *mapper_name(u16 number)
{
    static const struct {
        u16 number;
        const char *name;
    } names[] = {
        { 5, "MMC5" },          { 13, "CPROM" },
        { 16, "Bandai FCG" },   { 18, "Jaleco SS88006" },
        { 19, "Namco 163" },    { 20, "Famicom Disk System" },
        { 32, "Irem G-101" },   { 48, "Taito TC0690" },
        { 64, "RAMBO-1" },      { 65, "Irem H3001" },
        { 67, "Sunsoft-3" },    { 68, "Sunsoft-4" },
        { 73, "VRC3" },         { 75, "VRC1" },
        { 76, "Namco 3446" },   { 80, "Taito X1-005" },
        { 82, "Taito X1-017" }, { 85, "VRC7" },
        { 88, "Namco 3433" },   { 95, "Namco 3425" },
        { 105, "NES-EVENT" },   { 153, "Bandai FCG" },
        { 159, "Bandai FCG" },  { 228, "Active Enterprises" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].number == number)
            return names[i].name;
    return "unknown board";
}
