/* pause: machines stand still, until `resume`. */
#include "app/remote.h"

int cmd_pause(const struct command *c, int argc, char **argv)
{
    return remote_each(c, argc, argv, "pause");
}
