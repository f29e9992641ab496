; Does nothing, unless the program has a routine of this name. BRK comes here too.
        .export irq
irq:    rts
