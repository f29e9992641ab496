# Builds C and assembly programs for the 6502v with Debian's cc65. In a directory with prog.c:
#
#     make -f .../guests/c6502/c6502.mk prog.hk
#
# or include it in a Makefile. prog.c and prog.s get the C runtime, prog.asm stands alone. A program of several files
# is one more line:  game.hk: map.o sound.o
# OUT   where the products go (.);  CFLAGS, ASFLAGS, LDFLAGS   for cc65, ca65, ld65
C6502 := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
OUT ?= .
CFLAGS ?= -Oirs --standard c99
c6502_build := $(OUT)/c6502-lib
c6502_members := crt0 exehdr mainargs paravirt _heap nmi irq
c6502_lib := $(c6502_build)/c6502.lib
cc65_share ?= $(firstword $(wildcard $(CC65_HOME) /usr/share/cc65 /usr/local/share/cc65))

.SUFFIXES:
.PRECIOUS: $(OUT)/%.o

# The C library is cc65's for its simulator; what in it speaks to the simulator is replaced.
$(c6502_lib): $(c6502_members:%=$(c6502_build)/%.o)
	cp $(cc65_share)/lib/sim6502.lib $@.new
	ar65 d $@.new crt0.o exehdr.o mainargs.o paravirt.o _heap.o
	ar65 a $@.new $^
	cd $(c6502_build) && ar65 x $(abspath $@).new zeropage.o
	mv $@.new $@

$(c6502_build)/%.o: $(C6502)/lib/%.s $(C6502)/include/6502v.inc
	@mkdir -p $(c6502_build)
	ca65 -I $(C6502)/include -o $@ $<

$(OUT)/%.o: %.c $(wildcard *.h) $(C6502)/include/6502v.h
	@mkdir -p $(OUT)
	cc65 -g -t sim6502 -D__6502V__ -I $(C6502)/include $(CFLAGS) -o $(OUT)/$*.c.s $<
	ca65 -g -t sim6502 -o $@ $(OUT)/$*.c.s
	@rm $(OUT)/$*.c.s
$(OUT)/%.o: %.s $(wildcard *.inc) $(C6502)/include/6502v.inc
	@mkdir -p $(OUT)
	ca65 -g -I $(C6502)/include $(ASFLAGS) -o $@ $<

# zeropage.o comes first so that the parameter stack's pointer is at $00, where the calls look for it.
$(OUT)/%.hk: $(OUT)/%.o $(C6502)/c6502.cfg $(c6502_lib)
	ld65 -C $(C6502)/c6502.cfg $(LDFLAGS) --dbgfile $(OUT)/$*.dbg -o $@ $(c6502_build)/zeropage.o $(filter %.o,$^) $(c6502_lib)

# Assembly alone, without the C runtime: prog.asm.
$(OUT)/%.hk: %.asm $(C6502)/asm.cfg $(C6502)/include/6502v.inc
	@mkdir -p $(OUT)
	ca65 -g -I $(C6502)/include $(ASFLAGS) -o $(OUT)/$*.o $<
	ld65 -C $(C6502)/asm.cfg $(LDFLAGS) --dbgfile $(OUT)/$*.dbg -o $@ $(OUT)/$*.o
	@rm $(OUT)/$*.o
