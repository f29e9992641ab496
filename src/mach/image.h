/* A machine's whole state as bytes in memory, and what differs between two machines.
 *
 * For machines of which a copy in memory is cheap: tests, rewinding, run-ahead. The image holds the
 * clock, the event queue, every component's fields and every space that is not ROM; what a kind
 * keeps elsewhere is missing from it, and a test of the kind will say so. */
#ifndef MACH_IMAGE_H
#define MACH_IMAGE_H

#include "mach/machine.h"

/* Returns the bytes needed; with out NULL it only measures. Not while run() is on. */
size_t machine_save(struct machine *m, u8 *out);

/* Puts the machine into the state of an image which machine_save made of one with the same
 * configuration. ERR_FORMAT: damaged, or a component refused a value; ERR_MISMATCH: of another
 * configuration or version. The machine is then as it was before. */
int machine_load(struct machine *m, const u8 *in, size_t len, struct err *e);

/* Whether the states of two machines built alike differ; then `out` says where first, and both
 * values: "ppu.sprite[3].low: 12 and 14". Configuration is not compared. */
bool machine_differs(struct machine *a, struct machine *b, char *out, size_t room);

#endif
