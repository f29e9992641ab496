/* All boards, in order of their numbers. A new one is a line here and a definition in a family's
 * file. */
#ifndef NES_BOARDS_H
#define NES_BOARDS_H

#include "kinds/nes/cart.h"

/* clang-format off */
#define BOARD_LIST(X)                                                                            \
    X(board_nrom)                                                                                \
    X(board_mmc1) X(board_mmc1_fixed) X(board_uxrom) X(board_uxrom_conflicts) X(board_cnrom)     \
        X(board_cnrom_plain) X(board_mmc3) X(board_mmc6) X(board_axrom) X(board_axrom_conflicts) \
            X(board_mmc2) X(board_mmc4) X(board_colordreams) X(board_action53) X(board_unrom512) \
                X(board_tc0190) X(board_bnrom) X(board_nina001) X(board_gxrom) X(board_fme7)     \
                    X(board_bf909x) X(board_bf9097) X(board_cosmo) X(board_holy_diver)           \
                        X(board_nina003) X(board_jf05) X(board_un1rom) X(board_sunsoft2)         \
                            X(board_txsrom) X(board_tqrom) X(board_unrom_and) X(board_sunsoft1)  \
                                X(board_cnrom_protect) X(board_dxrom)

/* clang-format on */

#define X(board) extern const struct mapper board;
BOARD_LIST(X)
#undef X

#endif
