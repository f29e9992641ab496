/* The 2A03's audio half: two pulses, triangle, noise, DMC, frame counter; and its registers
 * $4000-$4013, $4015, $4017.
 *
 * The APU catches up: apu_run(a, clk) simulates all CPU cycles before clk. Every access passes the
 * cycle in which it happens. a->deadline is the clk at which apu_run() will next change one of the
 * outputs irq_frame, irq_dmc or dmc_request by itself; the console runs it then. */
#ifndef NES_APU_H
#define NES_APU_H

#include "kinds/nes/cart.h"
#include "kinds/nes/synth.h"

struct apu;

#endif
