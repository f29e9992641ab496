/* The exact run loop, unobserved. */
#define CPU_LOOP           cpu_exact
#define SEE_READ(n, a)     ((void)0)
#define SAW_READ(n, a, v)  ((void)0)
#define SEE_WRITE(n, a, v) ((void)0)
#define SAW_VECTOR(n, a)   ((void)0)
#include "kinds/nes/cpu_cycles.h"
