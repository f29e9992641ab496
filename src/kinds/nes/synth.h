/* Band-limited synthesis: from steps of level at CPU cycles to samples at AUDIO_HZ.
 *
 * Every sound source tells the synthesiser only when its output level changes, and by how much.
 * All arithmetic is on integers, so the samples are the same on every host and with every
 * compiler. One synthesiser per console; mono. */
#ifndef NES_SYNTH_H
#define NES_SYNTH_H

#include "mach/component.h"

struct synth;

/* A step of `delta` units in cycle `clk`. One unit is 1/65536 of full scale; clk may not lie before
 * the last synth_read's end, nor more than one second after it. */
void synth_step(struct synth *s, u64 clk, s32 delta);

#endif
