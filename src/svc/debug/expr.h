/* Expressions over a machine: registers, fields, memory, symbols. Parsed once, evaluated often.
 *
 *   numbers    12  $0c  0x0c  0b1100  'c'; with `hex` (an address is wanted) bare digits are hex
 *   registers  a  pc  $pc        fields   ppu.line  pad[0].shift   (paths of the component tree)
 *   memory     [A]  u16[A]  s8[A]: as the CPU sees it; ppu[A], ram[A]: of a domain or a space
 *   positions  ppu.scanline      symbols  main  main+3
 *   also       now  frames  and, where a watch was hit, value  old  address
 *   operators  those of C, with its precedence: || && | ^ & == != < <= > >= << >> + - * / % ! ~ -
 *
 * Values are 64 bits, signed where that matters. Evaluation changes nothing; a division by zero and
 * memory that is not there are errors. */
#ifndef SVC_DEBUG_EXPR_H
#define SVC_DEBUG_EXPR_H

#include "mach/machine.h"
#include "svc/debug/symbols.h"

struct expr;

struct expr_scope {
    struct cpu *cpu;
    const struct symbols *symbols;
    const struct watch *hit; /* NULL: value, old and address are 0 */
};

/* All of `text`; `rest` not NULL: as much as is an expression, and where it ends. */
int expr_parse(const struct expr_scope *s, const char *text, bool hex, const char **rest,
               struct expr **out, struct err *e);
void expr_destroy(struct expr *x); /* accepts NULL */
int expr_eval(const struct expr *x, const struct expr_scope *s, s64 *out, struct err *e);

/* Whether it is the name of one field and nothing else; then which. */
bool expr_field(const struct expr *x, struct field_ref *out);

/* Both at once. */
int expr_value(const struct expr_scope *s, const char *text, bool hex, u64 *out, struct err *e);

#endif
