/* resume: what `pause` held goes on. */
#include "app/remote.h"

int cmd_resume(const struct command *c, int argc, char **argv)
{
    return remote_each(c, argc, argv, "resume");
}
