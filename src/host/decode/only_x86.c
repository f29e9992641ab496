/* The processors that are not decoded here. capstone's archive has the tables of all: 1.5 MiB of
 * pointers, which each monitor would relocate when it opens the module, and keep. Linked with these
 * in their places the archive gives the code for x86 alone. (capstone's shared library does not
 * look at them.) */
#include <capstone/capstone.h>

/* As cs.c of capstone 4 wants them. */
#define WITHOUT(processor)                                                   \
    cs_err processor##_global_init(void *handle);                            \
    cs_err processor##_option(void *handle, cs_opt_type type, size_t value); \
    cs_err processor##_global_init(void *handle)                             \
    {                                                                        \
        (void)handle;                                                        \
        return CS_ERR_ARCH;                                                  \
    }                                                                        \
    cs_err processor##_option(void *handle, cs_opt_type type, size_t value)  \
    {                                                                        \
        (void)handle;                                                        \
        (void)type;                                                          \
        (void)value;                                                         \
        return CS_ERR_ARCH;                                                  \
    }

WITHOUT(AArch64)
WITHOUT(ARM)
WITHOUT(EVM)
WITHOUT(M680X)
WITHOUT(M68K)
WITHOUT(Mips)
WITHOUT(PPC)
WITHOUT(Sparc)
WITHOUT(SystemZ)
WITHOUT(TMS320C64x)
WITHOUT(XCore)
