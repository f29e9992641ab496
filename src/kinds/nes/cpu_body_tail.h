/* The end of cpu_body.h: the dispatch. Included inside the function, after its macros. */
#define RUN_R_imm(name) DO_RIMM(name)
#define RUN_R_zp(name)  DO_R(name, zp)
#define RUN_R_zpx(name) DO_R(name, zpx)
#define RUN_R_zpy(name) DO_R(name, zpy)
#define RUN_R_abs(name) DO_R(name, abs)
#define RUN_R_abx(name) DO_R(name, abx)
#define RUN_R_aby(name) DO_R(name, aby)
#define RUN_R_izx(name) DO_R(name, izx)
#define RUN_R_izy(name) DO_R(name, izy)
#define RUN_W_zp(name)  DO_W(name, zp)
#define RUN_W_zpx(name) DO_W(name, zpx)
#define RUN_W_zpy(name) DO_W(name, zpy)
#define RUN_W_abs(name) DO_W(name, abs)
#define RUN_W_abx(name) DO_W(name, abx)
#define RUN_W_aby(name) DO_W(name, aby)
#define RUN_W_izx(name) DO_W(name, izx)
#define RUN_W_izy(name) DO_W(name, izy)
#define RUN_M_zp(name)  DO_M(name, zp)
#define RUN_M_zpx(name) DO_M(name, zpx)
#define RUN_M_abs(name) DO_M(name, abs)
#define RUN_M_abx(name) DO_M(name, abx)
#define RUN_M_aby(name) DO_M(name, aby)
#define RUN_M_izx(name) DO_M(name, izx)
#define RUN_M_izy(name) DO_M(name, izy)
#define RUN_I_imp(name) DO_I(name)
#define RUN_I_acc(name) DO_IACC(name)
#define RUN_J_imp(name) FLOW_##name
#define RUN_J_rel(name) FLOW_##name
#define RUN_J_abs(name) FLOW_##name##_abs
#define RUN_J_ind(name) FLOW_##name##_ind
#define FLOW_JSR_abs    FLOW_JSR

static const void *const labels[256] = {
#define X(code, name, mode, access, cycles, page, official) [code] = &&op_##code,
#include "isa/mos6502/ops.h"
};
