/* Tap devices: frames with heads before them (IFF_VNET_HDR), the head's numbers little-endian. */
#include "base/own.h"
#include "host/net/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { HEAD_BYTES = 10 };

static const char device[] = "/dev/net/tun";

/* One line for each way in which a host has no tap device for us. */
static int cannot_open(const char *name, struct err *e)
{
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        return err_set(e, ERR_NOTSUP, "tap=%s: this host has no %s (modprobe tun)", name, device);
    if (errno == EACCES || errno == EPERM)
        return err_set(e, ERR_NOTSUP, "tap=%s: %s may not be opened (as root: chmod 666 %s)", name,
                       device, device);
    return err_set(e, ERR_SYS, "tap=%s: %s", name, device);
}

static int cannot_have(const char *name, struct err *e)
{
    if (errno == EPERM)
        return err_set(e, ERR_NOTSUP,
                       "tap=%s: not permitted (as root: ip tuntap add %s mode tap user NAME)", name,
                       name);
    if (errno == EBUSY)
        return err_set(e, ERR_STATE, "tap=%s: another process has it", name);
    if (errno == EINVAL)
        return err_set(e, ERR_STATE, "tap=%s: a device of that name is no tap device", name);
    return err_set(e, ERR_SYS, "tap=%s", name);
}

static bool set_heads(int fd)
{
    int bytes = HEAD_BYTES, little = 1;

    return !ioctl(fd, TUNSETVNETHDRSZ, &bytes) && !ioctl(fd, TUNSETVNETLE, &little);
}

static bool set_offloads(int fd, bool on)
{
    unsigned work = on ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;

    return !ioctl(fd, TUNSETOFFLOAD, work);
}

int tap_open(const char *name, enum net_choice wish, int *out, bool *offloads, struct err *e)
{
    struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    bool on;

    if (!*name || strlen(name) >= sizeof r.ifr_name)
        return err_set(e, ERR_USAGE, "tap=%s: a device's name has 1 to %zu characters", name,
                       sizeof r.ifr_name - 1);
    OWN(fd) int fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return cannot_open(name, e);
    strcpy(r.ifr_name, name);
    if (ioctl(fd, TUNSETIFF, &r))
        return cannot_have(name, e);
    if (!set_heads(fd))
        return err_set(e, ERR_SYS, "tap=%s: heads", name);
    on = wish != NET_OFF && set_offloads(fd, true);
    if (wish == NET_ON && !on)
        return err_set(e, ERR_NOTSUP, "tap=%s: this host's device has no offload=on", name);
    if (!on)
        set_offloads(fd, false); /* it may have been another's before */
    *out = fd;
    *offloads = on;
    fd = -1;
    return 0;
}

bool tap_is(int fd)
{
    struct ifreq r;

    return !ioctl(fd, TUNGETIFF, &r) && (r.ifr_flags & IFF_TAP) && (r.ifr_flags & IFF_NO_PI) &&
           (r.ifr_flags & IFF_VNET_HDR) && set_heads(fd);
}
