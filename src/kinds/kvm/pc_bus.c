/* The buses of the board `microvm`: which port and which address is which device's. What is
 * nobody's reads as ones and is written to nowhere, as on a real PC, where kernels go looking. */
#include "base/le.h"
#include "kinds/kvm/acpi.h"
#include "kinds/kvm/pc.h"

enum port {
    PORT_KBC = 0x60,
    PORT_KBC_COMMAND = 0x64,
    PORT_RTC = 0x70,
    PORT_RTC_DATA = 0x71,
    PORT_EXIT = 0xf4,
    PORT_COM1 = 0x3f8,
};

static bool within(u16 port, unsigned first, unsigned count)
{
    return port >= first && port - first < count;
}

static void port_write(struct pc *p, u16 port, u32 v, unsigned bytes)
{
    if (within(port, PORT_COM1, UART_REGISTERS))
        uart_write(&p->com1, port - PORT_COM1, (u8)v);
    else if (within(port, ACPI_PM_PORT, ACPI_PM_BYTES))
        acpi_pm_write(&p->pm, port - ACPI_PM_PORT, bytes, v, pc_time(p));
    else if (port == PORT_RTC || port == PORT_RTC_DATA)
        rtc_write(&p->rtc, port - PORT_RTC, (u8)v);
    else if (port == PORT_KBC || port == PORT_KBC_COMMAND)
        i8042_write(&p->kbc, port - PORT_KBC, (u8)v);
    else if (port == ACPI_RESET_PORT && bytes == 1 && (v & ACPI_RESET_VALUE) == ACPI_RESET_VALUE)
        p->reset_wanted = true;
    else if (within(port, PC_PCI_PORT, PC_PCI_PORTS))
        pci_port_write(&p->virtio.bus, port - PC_PCI_PORT, bytes, v);
    else if (port == PORT_EXIT) {
        p->end = PC_EXIT;
        p->status = (u8)v;
    }
}

static u32 port_read(struct pc *p, u16 port, unsigned bytes)
{
    if (within(port, PORT_COM1, UART_REGISTERS))
        return uart_read(&p->com1, port - PORT_COM1);
    if (within(port, ACPI_PM_PORT, ACPI_PM_BYTES))
        return acpi_pm_read(&p->pm, port - ACPI_PM_PORT, bytes, pc_time(p));
    if (port == PORT_RTC || port == PORT_RTC_DATA)
        return rtc_read(&p->rtc, port - PORT_RTC);
    if (port == PORT_KBC || port == PORT_KBC_COMMAND)
        return i8042_read(&p->kbc, port - PORT_KBC);
    if (within(port, PC_PCI_PORT, PC_PCI_PORTS))
        return pci_port_read(&p->virtio.bus, port - PC_PCI_PORT, bytes);
    return 0xffffffff;
}

/* A string instruction (rep outsb) comes as many accesses at once. */
void pc_bus_port(struct pc *p, struct kvm_run *r)
{
    u8 *at = (u8 *)r + r->io.data_offset;

    for (u32 i = 0; i < r->io.count; i++, at += r->io.size) {
        bool out = r->io.direction == KVM_EXIT_IO_OUT;

        if (out)
            port_write(p, r->io.port, (u32)le_get(at, r->io.size), r->io.size);
        else
            le_put(at, port_read(p, r->io.port, r->io.size), r->io.size);
        pc_trace(p, out ? PC_PORT_OUT : PC_PORT_IN, r->io.port, le_get(at, r->io.size));
    }
}

void pc_bus_mmio(struct pc *p, struct kvm_run *r)
{
    u64 value = UINT64_MAX;

    if (r->mmio.is_write) {
        pc_virtio_write(p, r->mmio.phys_addr, r->mmio.len, le_get(r->mmio.data, r->mmio.len));
    } else {
        pc_virtio_read(p, r->mmio.phys_addr, r->mmio.len, &value);
        le_put(r->mmio.data, value, 8);
    }
    pc_trace(p, r->mmio.is_write ? PC_MMIO_WRITE : PC_MMIO_READ, r->mmio.phys_addr,
             le_get(r->mmio.data, r->mmio.len));
}
