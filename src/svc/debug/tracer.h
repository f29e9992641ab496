/* Trace events as a person or a program reads them, and which of them are wanted. */
#ifndef SVC_DEBUG_TRACER_H
#define SVC_DEBUG_TRACER_H

#include "mach/machine.h"

#include <jansson.h>

struct trace_filter {
    u64 mask; /* of the events */
    struct {
        u64 first, last; /* of its first number */
    } range[64];
};

/* "EVENT[@FIRST[-LAST]],...": names of the machine's events, '*' for any ("cpu.*"), and the values
 * of the first number that are wanted, in hexadecimal. The error lists what there is. */
int trace_filter_parse(const struct machine *m, const char *text, struct trace_filter *out,
                       struct err *e);
static inline bool trace_filter_takes(const struct trace_filter *f, const struct trace_record *r)
{
    return r->a >= f->range[r->id].first && r->a <= f->range[r->id].last;
}

enum { TRACE_LINE = 512 };
/* One line, without its end. An instruction ("cpu.step") as nestest.log has it: address, bytes,
 * disassembly, registers, time; to be called when it is told, before the instruction is executed.
 */
void trace_text(struct machine *m, const struct trace_record *r, char out[TRACE_LINE]);
json_t *trace_json(struct machine *m, const struct trace_record *r);

#endif
