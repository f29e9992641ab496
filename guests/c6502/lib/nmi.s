; Does nothing, unless the program has a routine of this name.
        .export nmi
nmi:    rts
