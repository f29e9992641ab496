; Where malloc() finds its memory: from the end of BSS to the end of RAM. (The library's own version
; takes the parameter stack for the end, which here lies below.)

        .export __heaporg, __heapptr, __heapend, __heapfirst, __heaplast
        .import __BSS_RUN__, __BSS_SIZE__, __RAM_START__, __RAM_SIZE__

        .data
__heaporg:   .word __BSS_RUN__ + __BSS_SIZE__
__heapptr:   .word __BSS_RUN__ + __BSS_SIZE__
__heapend:   .word __RAM_START__ + __RAM_SIZE__
__heapfirst: .word 0
__heaplast:  .word 0
