#!/bin/sh
# The checks of tools/ fail when they should: each is shown one sin, and one innocent.
set -eu
top=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/tools" "$tmp/src/base" "$tmp/src/svc" "$tmp/src/kinds/nes" "$tmp/src/kinds/jvm" "$tmp/src/attic"
cp "$top/tools/check_layers.py" "$top/tools/layers.txt" "$tmp/tools"
cd "$tmp"
touch src/base/err.h src/kinds/nes/cpu.h src/kinds/jvm/heap.h src/svc/snap.h

layers() { # layers WANTED FILE INCLUDE
    echo "#include \"$3\"" >"$2"
    got=fails
    tools/check_layers.py >out && got=passes
    rm "$2"
    [ "$got" = "$1" ] || { echo "layers: $2 including $3 $got:"; cat out; exit 1; }
}
layers passes src/svc/a.c base/err.h
layers passes src/kinds/nes/a.c kinds/nes/cpu.h
layers fails src/svc/a.c kinds/nes/cpu.h
layers fails src/kinds/nes/a.c svc/snap.h
layers fails src/kinds/nes/a.c kinds/jvm/heap.h
layers fails src/base/a.c svc/snap.h
layers fails src/base/a.c err.h
layers fails src/base/a.c base/missing.h
layers fails src/attic/a.c base/err.h

calls() { # calls WANTED BODY-OF-THE-CHECKED-FUNCTION
    printf '#include <stdio.h>\n#include <string.h>\n#include <time.h>\n#include <unistd.h>\n%s\n' \
        "int pure(void); int host(void); int f(char *b); int f(char *b) { $2 }" >f.c
    ${CC:-cc} -O2 -D_FORTIFY_SOURCE=2 -c f.c
    got=fails
    "$top/tools/check_calls.sh" pure.o host.o -- f.o >out && got=passes
    [ "$got" = "$1" ] || { echo "calls: { $2 } $got:"; cat out; exit 1; }
}
echo 'int pure(void); int pure(void) { return 1; }' >pure.c
echo '#include <unistd.h>
int host(void); int host(void) { return getpid(); }' >host.c
${CC:-cc} -O2 -c pure.c host.c
calls passes 'return pure() + (int)strlen(b) + snprintf(b, 9, "%d", 1);'
calls fails 'return host() + *b;'
calls fails 'return (int)time(0) + *b;'
calls fails 'char n[9]; return (int)read(0, n, strlen(b)) + n[0];'
calls fails 'return printf("%s", b);'

# The fuzz driver finds a fault one mutation away, keeps the input that shows it, and shows it again.
cat >weak_fuzz.c <<'END'
#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size > 3 && data[0] == 'a' && data[1] != 'b')
        __builtin_trap();
    return 0;
}
END
${CC:-cc} -O2 -I "$top" -I "$top/src" -o weak weak_fuzz.c "$top/fuzz/driver.c"
mkdir corpus
printf abcd >corpus/one
./weak corpus >out || { echo "driver: the kept corpus does harm:"; cat out; exit 1; }
./weak --seconds 60 --seed 7 --crash found corpus >out 2>&1 && { echo "driver: finds nothing:"; cat out; exit 1; }
./weak found >out 2>&1 && { echo "driver: what it kept does no harm:"; cat out; exit 1; }
rm -r corpus
echo "every check told right from wrong"
