/* What an x86 instruction does to the flow of control. */
#ifndef X86_FLOW_H
#define X86_FLOW_H

#include "mach/machine.h"

enum { X86_LONGEST = 15 };

/* The instruction that begins with these bytes, of which there may be fewer than it has. */
enum flow x86_flow(const u8 *bytes, size_t len, bool long_mode);

/* Whether a call ends with these bytes: `before[len - 1]` is the last one ahead of what may be its
 * return address. Returns the call's length, 0: none. */
unsigned x86_call_before(const u8 *before, size_t len);

#endif
