/* The host's random bytes and its clock, as ports. */
#ifndef HOST_CHANCE_H
#define HOST_CHANCE_H

#include "mach/port.h"

/* Neither has state, so all machines may share them. */
struct entropy_port *host_entropy(void);
struct clock_port *host_clock(void);

#endif
