/* What the board microvm has, for the guest's ACPI: serial line, clock, one PCI root, and the way to switch it off.
 * Interrupts of PCI's pins: 16 to 19 by turns, as on many boards; those of slot 0 begin at 16. */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "MEWS", "MICROVM", 1)
{
    Name (\_S5, Package () { 5, 5, 0, 0 }) // SLP_TYP of off, which acpi_pm.h knows as ACPI_PM_OFF

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (_BBN, 0)
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0, 0, 1)
                IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0, 0xC0000000, 0xFEAFFFFF, 0, 0x3EB00000)
            })

            Method (_PRT, 0)
            {
                Local0 = Package (128) {}
                Local1 = 0
                While (Local1 < 128) // slot * 4 + pin
                {
                    Local2 = Package (4) { 0, 0, 0, 0 }
                    Local2[0] = ((Local1 >> 2) << 16) | 0xFFFF
                    Local2[1] = Local1 & 3
                    Local2[3] = 16 + (((Local1 >> 2) + Local1) & 3)
                    Local0[Local1] = Local2
                    Local1++
                }
                Return (Local0)
            }
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F8, 0x03F8, 1, 8)
                IRQNoFlags () {4}
            })
        }

        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0070, 0x0070, 1, 2)
                IRQNoFlags () {8}
            })
        }
    }
}
