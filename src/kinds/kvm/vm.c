#include "kinds/kvm/vm.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the host ---- */

static int no_device(struct err *e)
{
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return err_set(e, ERR_NOTSUP,
                       "no /dev/kvm here (load the module kvm_amd or kvm_intel; the firmware, or "
                       "the host of this virtual machine, must allow virtualisation)");
    case EACCES:
    case EPERM:
        return err_set(e, ERR_NOTSUP,
                       "/dev/kvm may not be opened (join its group, as root: adduser USER kvm; "
                       "then log in again)");
    default: return err_set(e, ERR_SYS, "/dev/kvm");
    }
}

static const struct {
    int number;
    const char *name;
} needed[] = {
    { KVM_CAP_USER_MEMORY, "user memory" },
    { KVM_CAP_IMMEDIATE_EXIT, "immediate exit" },
    { KVM_CAP_EXT_CPUID, "CPUID" },
    { KVM_CAP_VCPU_EVENTS, "vCPU events" },
    { KVM_CAP_DEBUGREGS, "debug registers" },
    { KVM_CAP_XSAVE, "XSAVE" },
    { KVM_CAP_XCRS, "XCRS" },
    { KVM_CAP_SET_GUEST_DEBUG, "guest debugging" },
};

static int check(int kvm, struct err *e)
{
    int version = ioctl(kvm, KVM_GET_API_VERSION, 0);

    if (version != KVM_API_VERSION)
        return err_set(e, ERR_NOTSUP, "/dev/kvm: its interface is %d, not %d", version,
                       KVM_API_VERSION);
    for (unsigned i = 0; i < ARRAY_SIZE(needed); i++)
        if (ioctl(kvm, KVM_CHECK_EXTENSION, needed[i].number) <= 0)
            return err_set(e, ERR_NOTSUP,
                           "/dev/kvm: this kernel's KVM lacks: %s (Linux 4.13 and later have it)",
                           needed[i].name);
    return 0;
}

static int open_device(int *out, struct err *e)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return no_device(e);
    if (check(fd, e)) {
        close(fd);
        return -(int)e->code;
    }
    *out = fd;
    return 0;
}

int vm_available(struct err *e)
{
    int fd;

    if (open_device(&fd, e))
        return -(int)e->code;
    close(fd);
    return 0;
}

/* ---- the machine ---- */

/* A jail has no /proc later. Opened without CAP_SYS_ADMIN: the descriptor of one who had it would
 * also tell where in the host's memory the pages lie. -1: it does not say. */
static int open_pagemap(void)
{
    struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3], less[_LINUX_CAPABILITY_U32S_3];
    int fd;

    if (syscall(SYS_capget, &h, had))
        return -1;
    memcpy(less, had, sizeof less);
    less[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
    if (syscall(SYS_capset, &h, less))
        return -1;
    fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    syscall(SYS_capset, &h, had);
    return fd;
}

int vm_open(struct vm *v, struct err *e)
{
    int bytes;

    *v = (struct vm) { .kvm = -1, .fd = -1, .pagemap = -1 };
    if (open_device(&v->kvm, e))
        return -(int)e->code;
    do /* interrupted by a signal, KVM has not made it */
        v->fd = ioctl(v->kvm, KVM_CREATE_VM, 0);
    while (v->fd < 0 && errno == EINTR);
    if (v->fd < 0)
        return err_set(e, ERR_SYS, "/dev/kvm: making a virtual machine");
    bytes = ioctl(v->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (bytes <= 0)
        return err_set(e, ERR_SYS, "/dev/kvm");
    v->run_bytes = (size_t)bytes;
    v->pagemap = open_pagemap();
    v->debug_mask = ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2) &
                    KVM_GUESTDBG_BLOCKIRQ;
    /* Intel's processors run real mode in a task of their own, which wants three pages that the
     * guest does not see, and a page table for it: below the BIOS's place, where no RAM is. */
    if (ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SET_TSS_ADDR) > 0 &&
        ioctl(v->fd, KVM_SET_TSS_ADDR, 0xfffbd000ul))
        return err_set(e, ERR_SYS, "KVM_SET_TSS_ADDR");
    if (ioctl(v->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SET_IDENTITY_MAP_ADDR) > 0 &&
        ioctl(v->fd, KVM_SET_IDENTITY_MAP_ADDR, &(u64) { 0xfffbc000 }))
        return err_set(e, ERR_SYS, "KVM_SET_IDENTITY_MAP_ADDR");
    return 0;
}

void vm_close(struct vm *v)
{
    if (v->fd > 0)
        close(v->fd);
    if (v->kvm > 0)
        close(v->kvm);
    if (v->pagemap > 0)
        close(v->pagemap);
    v->fd = v->kvm = v->pagemap = -1;
    space_fini(&v->ram);
    space_fini(&v->high);
}

/* ---- memory ---- */

#define LOW_MOST (3ull << 30)
#define FOUR_GIB (1ull << 32)

enum slot { SLOT_RAM, SLOT_HIGH };

static int set_region(struct vm *v, enum slot slot, const struct space *s)
{
    struct kvm_userspace_memory_region r = {
        .slot = slot,
        .flags = v->logging ? KVM_MEM_LOG_DIRTY_PAGES : 0,
        .guest_phys_addr = s->base,
        .memory_size = s->size_bytes,
        .userspace_addr = (u64)(uintptr_t)s->bytes,
    };

    return ioctl(v->fd, KVM_SET_USER_MEMORY_REGION, &r);
}

static int set_regions(struct vm *v)
{
    return set_region(v, SLOT_RAM, &v->ram) ||
           (v->high.size_bytes && set_region(v, SLOT_HIGH, &v->high));
}

/* Fetches and clears the kernel's log. If it cannot be had, everything counts as written. */
static void fetch_log(struct vm *v, enum slot slot, struct space *s)
{
    u64 pages = space_pages(s), words = (pages + 63) / 64;
    u64 *log;

    if (!v->logging)
        return;
    log = calloc(words, sizeof *log);
    if (!log || ioctl(v->fd, KVM_GET_DIRTY_LOG,
                      &(struct kvm_dirty_log) { .slot = slot, .dirty_bitmap = log })) {
        space_mark(s, 0, s->size_bytes);
        free(log);
        return;
    }
    for (u64 w = 0; w < words; w++)
        for (u64 left = log[w]; left; left &= left - 1) {
            u64 page = w * 64 + (u64)__builtin_ctzll(left);

            space_mark(s, page * SPACE_PAGE_BYTES, SPACE_PAGE_BYTES);
        }
    free(log);
}

static void collect_ram(struct space *s)
{
    fetch_log(container_of(s, struct vm, ram), SLOT_RAM, s);
}

static void collect_high(struct space *s)
{
    fetch_log(container_of(s, struct vm, high), SLOT_HIGH, s);
}

/* Anonymous memory of which the host has nothing, here or swapped out, was never touched. */
static bool untouched(const struct vm *v, const struct space *s, u64 page, u64 *run)
{
    enum { MOST = 512 };
    const u64 had = 3ull << 62;
    u64 entries[MOST], left = space_pages(s) - page, at = (uintptr_t)s->bytes / SPACE_PAGE_BYTES;
    ssize_t n = pread(v->pagemap, entries, (left < MOST ? left : MOST) * sizeof *entries,
                      (off_t)((at + page) * sizeof *entries));
    u64 count = n > 0 ? (u64)n / sizeof *entries : 0;

    *run = 1;
    if (!count)
        return false;
    while (*run < count && !(entries[*run] & had) == !(entries[0] & had))
        ++*run;
    return !(entries[0] & had);
}

static bool untouched_ram(const struct space *s, u64 page, u64 *run)
{
    return untouched(container_of((struct space *)(uintptr_t)s, struct vm, ram), s, page, run);
}

static bool untouched_high(const struct space *s, u64 page, u64 *run)
{
    return untouched(container_of((struct space *)(uintptr_t)s, struct vm, high), s, page, run);
}

/* A file's pages are not zero before they are touched. */
static void ram_replaced(struct space *s)
{
    s->untouched = NULL;
}

int vm_make_ram(struct vm *v, u64 bytes, struct err *e)
{
    u64 low = bytes < LOW_MOST ? bytes : LOW_MOST;

    assert(bytes && bytes % SPACE_PAGE_BYTES == 0);
    if (!space_init(&v->ram, "ram", low, 0, 0) ||
        (bytes > low && !space_init(&v->high, "high", bytes - low, FOUR_GIB, 0)))
        return err_set(e, ERR_NOMEM, "no memory for a guest of %llu MiB",
                       (unsigned long long)(bytes >> 20));
    /* Where a host gives huge pages to those alone that ask. It may have none: that is no error. */
    madvise(v->ram.bytes, v->ram.size_bytes, MADV_HUGEPAGE);
    if (v->high.size_bytes)
        madvise(v->high.bytes, v->high.size_bytes, MADV_HUGEPAGE);
    v->ram.collect = collect_ram;
    v->high.collect = collect_high;
    v->ram.replaced = v->high.replaced = ram_replaced;
    if (v->pagemap >= 0 && v->ram.flags & SPACE_LARGE) /* else it has no pages of its own */
        v->ram.untouched = untouched_ram;
    if (v->pagemap >= 0 && v->high.flags & SPACE_LARGE)
        v->high.untouched = untouched_high;
    if (bytes > low)
        v->ram.next = &v->high;
    if (set_regions(v))
        return err_set(e, ERR_SYS, "KVM_SET_USER_MEMORY_REGION");
    return 0;
}

void vm_follow_trackers(struct vm *v)
{
    bool wanted = v->ram.trackers || v->high.trackers;

    if (likely(wanted == v->logging))
        return;
    v->logging = wanted;
    if (set_regions(v) && wanted) { /* no log: everything counts as written, again and again */
        v->logging = false;
        v->ram.flags |= SPACE_UNTRACKED;
        v->high.flags |= SPACE_UNTRACKED;
    }
}
