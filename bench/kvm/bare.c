/* The smallest virtual machine monitor that is of use to a bench: what KVM itself costs, with
 * nothing around it. A machine is made of five things, each a call below: the machine, its
 * interrupt chips, memory, a processor, and the loop that lets it run until it comes out and sees
 * to why.
 *
 *   bare GUEST.bin [MIB]      32-bit code, put at 1 MiB and entered there, flat, without paging
 *
 * The guest's console is port 0x3f8, its end port 0xf4, whose byte is our status. All other ports,
 * and addresses without memory, read as ones. */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOAD = 1 << 20, CONSOLE = 0x3f8, EXIT = 0xf4, STATUS_FAULT = 134 };

struct bare {
    int kvm, vm, cpu;
    uint8_t *memory;
    size_t memory_bytes;
    struct kvm_run *run; /* what the kernel and we tell each other at an exit */
};

static int call(int fd, unsigned long what, void *argument, const char *name)
{
    int r = ioctl(fd, what, argument);

    if (r < 0)
        err(1, "%s", name);
    return r;
}
#define CALL(fd, what, argument) call(fd, what, (void *)(uintptr_t)(argument), #what)

static void make_machine(struct bare *b, size_t memory_bytes)
{
    b->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (b->kvm < 0)
        err(1, "/dev/kvm");
    b->vm = CALL(b->kvm, KVM_CREATE_VM, 0);
    CALL(b->vm, KVM_SET_TSS_ADDR, 0xfffbd000); /* three pages that Intel's processors want */
    CALL(b->vm, KVM_CREATE_IRQCHIP, 0);
    CALL(b->vm, KVM_CREATE_PIT2, &(struct kvm_pit_config) { .flags = KVM_PIT_SPEAKER_DUMMY });

    b->memory_bytes = memory_bytes;
    b->memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->memory == MAP_FAILED)
        err(1, "memory for the guest");
    struct kvm_userspace_memory_region all = { .memory_size = memory_bytes,
                                               .userspace_addr = (uintptr_t)b->memory };
    CALL(b->vm, KVM_SET_USER_MEMORY_REGION, &all);

    b->cpu = CALL(b->vm, KVM_CREATE_VCPU, 0);
    b->run = mmap(NULL, (size_t)CALL(b->kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
                  MAP_SHARED, b->cpu, 0);
    if (b->run == MAP_FAILED)
        err(1, "the vCPU's page");
}

static void load(struct bare *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, b->memory + LOAD, b->memory_bytes - LOAD) <= 0)
        err(1, "%s", path);
    close(fd);
}

/* Flat 32-bit protected mode. A segment's hidden part is what counts: no table in memory is read
 * until the guest loads a segment register. */
static void enter_at(struct bare *b, uint32_t address)
{
    struct kvm_sregs s;
    struct kvm_regs r = { .rip = address, .rflags = 2 };
    struct kvm_segment flat = { .limit = 0xffffffff, .type = 3, .present = 1, .s = 1, .g = 1 };

    flat.db = 1;
    CALL(b->cpu, KVM_GET_SREGS, &s);
    s.ds = s.es = s.ss = flat;
    s.ds.selector = s.es.selector = s.ss.selector = 16;
    flat.type = 11;
    flat.selector = 8;
    s.cs = flat;
    s.cr0 |= 1;
    CALL(b->cpu, KVM_SET_SREGS, &s);
    CALL(b->cpu, KVM_SET_REGS, &r);
}

/* A port; true: it was the end. */
static bool port(struct kvm_run *run, int *status)
{
    uint8_t *data = (uint8_t *)run + run->io.data_offset;

    if (run->io.direction == KVM_EXIT_IO_IN)
        memset(data, 0xff, (size_t)run->io.size * run->io.count);
    else if (run->io.port == CONSOLE)
        return write(STDOUT_FILENO, data, run->io.count) < 0;
    else if (run->io.port == EXIT)
        *status = *data;
    return run->io.direction == KVM_EXIT_IO_OUT && run->io.port == EXIT;
}

static int go(struct bare *b)
{
    int status = 0;

    for (;;) {
        CALL(b->cpu, KVM_RUN, 0);
        switch (b->run->exit_reason) {
        case KVM_EXIT_IO:
            if (port(b->run, &status))
                return status;
            break;
        case KVM_EXIT_MMIO:
            if (!b->run->mmio.is_write)
                memset(b->run->mmio.data, 0xff, sizeof b->run->mmio.data);
            break;
        default: warnx("an exit of kind %u", b->run->exit_reason); return STATUS_FAULT;
        }
    }
}

int main(int argc, char **argv)
{
    struct bare b;

    if (argc < 2)
        errx(2, "usage: bare GUEST.bin [MIB]");
    make_machine(&b, (argc > 2 ? strtoul(argv[2], NULL, 10) : 512) << 20);
    load(&b, argv[1]);
    enter_at(&b, LOAD);
    return go(&b);
}
