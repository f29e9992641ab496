#!/usr/bin/env bats
# Images without making a real one: what is listed and refused, what a failure or a signal leaves behind. The tools are
# scripts here; with Debian's own, an image is made in tests/image/debian.py.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    images=$XDG_DATA_HOME/mews/images
    mkdir -p run
}

# image NAME: files that look like one
image() {
    mkdir -p "$images/$1"
    truncate -s 64M "$images/$1/disk.img"
    echo kernel >"$images/$1/vmlinuz"
    echo initrd >"$images/$1/initrd.img"
    cat >"$images/$1/image.json" <<'END'
{ "format": 1, "made": "debian-amd64", "suite": "bookworm", "packages": ["nginx"], "mirrors": [], "kernel": "6.1.0-test",
  "command_line": "root=/dev/vda rw", "created": 1700000000, "program": "0.1.0" }
END
}

# tool NAME: a script from standard input in the place of a program
tool() {
    mkdir -p tools
    { echo '#!/bin/sh'; cat; } >"tools/$1"
    chmod +x "tools/$1"
    export PATH=$BATS_TEST_TMPDIR/tools:$PATH
}

# false_tools: an image comes out of these, too
false_tools() {
    local kernel
    kernel=$(python3 - <<'END'
import gzip, struct
note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", 0x1000000)
elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
elf += struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4) + note
packed = gzip.compress(elf)
k = bytearray(5 * 512) + bytes(0x300) + packed
k[0x1f1] = 4
k[0x1fe:0x200] = b"\x55\xaa"
k[0x201] = 0x6a
k[0x202:0x206] = b"HdrS"
struct.pack_into("<H", k, 0x206, 0x20f)
struct.pack_into("<H", k, 0x236, 1)
struct.pack_into("<II", k, 0x248, 0x300, len(packed))
open("bzimage", "wb").write(k)
print("bzimage")
END
    )
    tool mmdebstrap <<END
echo "\$@" >>$BATS_TEST_TMPDIR/asked
[ -f files/etc/fstab ] || exit 9
mkdir -p tree/boot tree/dev
cp $BATS_TEST_TMPDIR/$kernel tree/boot/vmlinuz-6.1.0-test
echo the initrd >tree/boot/initrd.img-6.1.0-test
ln -s boot/vmlinuz-6.1.0-test tree/vmlinuz
tar -cf root.tar -C tree .
rm -r tree
END
    tool unshare <<'END'
while :; do case $1 in --*) shift;; *) break;; esac; done
exec "$@"
END
    tool newuidmap </dev/null
}

# nothing_left [NAME...]: but these
nothing_left() {
    [ "$(ls -A "$images" 2>/dev/null | tr '\n' ' ')" = "${*:+$* }" ]
}

@test "ls and info, also as JSON; a damaged one is listed with what is wrong" {
    run mews image ls
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 1 ]
    image b
    image a.b_c-9
    mkdir -p "$images/.x.new" "$images/sick"
    echo '{ "format": 1' >"$images/sick/image.json"
    run mews image ls
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[1]} == "a.b_c-9 "*bookworm*64M*2023-11-1* && ${lines[2]} == "b "* ]]
    [[ ${lines[3]} == "sick "*image.json:* ]]
    run mews image ls --json
    json '[i["name"] for i in j] == ["a.b_c-9", "b", "sick"]'
    json 'j[1]["disk_bytes"] == 64 << 20 and j[1]["used_bytes"] < 100000 and "line 2" in j[2]["error"]'
    run mews image info b
    [ "$status" -eq 0 ]
    [[ $output == *"name: b"*"packages: nginx"*"kernel: 6.1.0-test"*"command line: root=/dev/vda rw"*"path: $images/b" ]]
    run mews image info --json b
    json 'j["suite"] == "bookworm" and j["path"].endswith("/images/b")'
    false_tools # whose kernel is one
    cp bzimage "$images/b/vmlinuz"
    run mews info b
    [[ $output == *"name: b"*"what: Linux kernel (bzImage)"*"boot protocol: 2.15, 64-bit entry"*"compressed: by gzip"* ]]
    run bash -c 'mews info --json b 2>/dev/null'
    json 'j["image"]["name"] == "b" and j["image"]["suite"] == "bookworm" and j["board"] == "microvm"'
    rm "$images/b/initrd.img"
    run mews info b
    [ "$status" -eq 1 ]
    one_line
    run mews image info b
    [ "$status" -eq 1 ]
    [[ $output == *"mews: image b: its initrd.img is missing"* ]]
}

@test "rm takes all of it, and nothing else" {
    image a
    image b
    echo mine >"$images/b/mine"
    run mews image rm a b
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    nothing_left
    for name in a ../images .. '' /; do
        run mews image rm "$name"
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"no such image"* ]]
    done
}

@test "wrong use is told before anything is done" {
    image there
    printf -- '-----BEGIN OPENSSH %s KEY-----\nx\n' PRIVATE >secret
    echo nothing >text
    while read -r why words; do
        # shellcheck disable=SC2086
        run mews image $words
        [ "$status" -eq 2 ] || { echo "$words: $status $output"; false; }
        one_line
        [[ $output == *"${why//_/ }"* ]] || { echo "$words: $output"; false; }
    done <<'END'
wants_create,_ls,_rm_or_info
want_create,_ls,_rm_or_info frobnicate
wants_one_thing create
only_debian-amd64 create fedora
cannot_be_an_image's_name create --name .. debian-amd64
cannot_be_an_image's_name create --name a/b debian-amd64
want_a_release's_name create --suite -x debian-amd64
not_a_package's_name create --package a,b debian-amd64
not_a_package's_name create --package --mode=x debian-amd64
not_a_URL create --mirror deb.debian.org debian-amd64
the_secret_one_(want_secret.pub) create --ssh-key secret debian-amd64
not_a_public_key create --ssh-key text debian-amd64
--ssh-key_is_for_create info --ssh-key text there
want_512M_or_more create --size 100M debian-amd64
want_a_size create --size large debian-amd64
there_is_such_an_image create --name there debian-amd64
--force_is_for_create ls --force
--json_is_for_ls rm --json there
no_such_image info nobody
wants_an_IMAGE rm
takes_no_argument ls there
END
    nothing_left there
}

@test "a missing tool: one line that says what to install" {
    mkdir empty
    mews=$(command -v mews)
    run env PATH="$PWD/empty" "$mews" image create debian-amd64
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"apt-get install mmdebstrap"* ]]
    nothing_left
}

@test "create asks the tools for what was asked, and keeps kernel and initrd beside the disk" {
    command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
    false_tools
    run mews image create --name web --suite trixie --size 600M --package nginx --package openssh-server \
        --mirror http://mirror.example/debian debian-amd64
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    nothing_left web
    grep -q -- ',nginx,openssh-server .*-- trixie root.tar http://mirror.example/debian$' asked
    [ "$(ls "$images/web" | tr '\n' ' ')" = "disk.img image.json initrd.img vmlinux vmlinuz " ]
    [ "$(stat -c %s "$images/web/disk.img")" -eq $((600 << 20)) ]
    [ "$(cat "$images/web/initrd.img")" = "the initrd" ]
    cmp bzimage "$images/web/vmlinuz"
    [ "$(head -c 4 "$images/web/vmlinux")" = $'\x7fELF' ]
    run mews image info --json web
    json 'j["kernel"] == "6.1.0-test" and j["packages"] == ["nginx", "openssh-server"] and j["suite"] == "trixie"'
    e2fsck -fn "$images/web/disk.img"
    debugfs -R 'stat /boot/vmlinuz-6.1.0-test' "$images/web/disk.img" 2>&1 | grep -q "Size: $(stat -c %s bzimage)"
    before=$(stat -c %i "$images/web/disk.img")
    run mews image create --name web debian-amd64
    [ "$status" -eq 2 ]
    run mews image create --name web --force debian-amd64
    [ "$status" -eq 0 ]
    nothing_left web
    [ "$(stat -c %i "$images/web/disk.img")" != "$before" ]
}

@test "--ssh-key: whose keys are root's, with a server, and what the terminal is" {
    command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
    false_tools
    sed -i "2i tar -xf files.tar -C $BATS_TEST_TMPDIR usr; tar -tvf files.tar >$BATS_TEST_TMPDIR/list; tar -xOf files.tar root/.ssh/authorized_keys >$BATS_TEST_TMPDIR/keys" \
        tools/mmdebstrap
    echo "ssh-ed25519 AAAA one@here" >one.pub
    printf 'no-pty ecdsa-sha2-nistp256 BBBB two@here' >two.pub
    run mews image create --ssh-key one.pub --ssh-key two.pub --size 512M debian-amd64
    [ "$status" -eq 0 ]
    [ "$(cat keys)" = "$(cat one.pub two.pub)" ]
    grep -q '^drwx------ 0/0 .* root/.ssh/$' list
    grep -q '^-rw------- 0/0 .* root/.ssh/authorized_keys$' list
    grep -q '^-rw-r--r-- 0/0 .* etc/profile.d/mews-resize.sh$' list
    grep -q '^-rwxr-xr-x 0/0 .* usr/local/bin/resize$' list
    [ "$(grep -c ' root/$' list)" -eq 0 ] # whose rights would become /root's
    grep -q -- ',openssh-server ' asked
    python3 - <<'END' # a terminal that answers; nothing of that is seen
import os, pty, select
pid, fd = pty.fork()
if not pid:
    os.execv("/bin/sh", ["sh", "-c", "usr/local/bin/resize; stty size; stty -a | grep -o ' echo '"])
seen = b""
while select.select([fd], [], [], 10)[0]:
    try:
        seen += os.read(fd, 1000)
    except OSError:
        break
    if seen.endswith(b"\x1b[6n\x1b8"):
        os.write(fd, b"\x1b[40;132R")
assert seen.endswith(b"\x1b840 132\r\n echo \r\n"), seen
END
    run mews image info --json debian-amd64
    json 'j["packages"] == ["openssh-server"]'
    run mews image create --force --package openssh-server --ssh-key none --size 512M debian-amd64
    [ "$status" -eq 1 ]
    one_line
    run mews image create --force --package openssh-server --ssh-key one.pub --size 512M debian-amd64
    [ "$status" -eq 0 ]
    [ "$(tail -n 1 asked | grep -o openssh-server | wc -l)" -eq 1 ]
}

@test "what a tool says is the reason, in one line; with --verbose all of it; nothing is left" {
    false_tools
    tool mmdebstrap <<'END'
echo "I: running apt-get update..."
echo "Err:1 http://deb.debian.org/debian bookworm InRelease"
echo "W: Failed to fetch http://deb.debian.org/x  Temporary failure resolving"
echo "E: setup failed" >&2
exit 25
END
    run mews image create debian-amd64
    [ "$status" -eq 1 ]
    one_line
    [[ $output == "mews: mmdebstrap: Failed to fetch http://deb.debian.org/x  Temporary failure resolving (--verbose shows all)" ]]
    run mews image create --verbose debian-amd64
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 5 ]
    tool mmdebstrap <<'END'
mkdir "$TMPDIR/mine"
echo "tar: x: No space left on device" >&2
exit 2
END
    mkdir elsewhere
    run env TMPDIR="$PWD/elsewhere" mews image create debian-amd64
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"no space left in "*/elsewhere" (TMPDIR)"* ]]
    [ -z "$(ls -A elsewhere)" ]
    run env TMPDIR=/there/is/none mews image create debian-amd64
    [ "$status" -eq 1 ]
    one_line
    nothing_left
}

@test "packages that do not fit: --size" {
    command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
    false_tools
    tool mmdebstrap <<'END'
mkdir tree
yes | head -c 600000000 >tree/large # zeros would take no room
tar -cf root.tar -C tree .
rm -r tree
END
    run mews image create --size 512M debian-amd64
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"do not fit into the disk (--size)" ]]
    nothing_left
}

@test "a signal ends the tools, leaves nothing, and is the status; one at a time makes an image" {
    false_tools
    tool mmdebstrap <<END
mkdir -p root/deep
touch $BATS_TEST_TMPDIR/started
trap 'touch $BATS_TEST_TMPDIR/heard; exit 1' TERM
sleep 100 & wait
END
    for signal in INT TERM HUP; do
        rm -f started heard
        # A shell's background jobs ignore SIGINT: python does not.
        python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("mews", ["mews", "image", "create", "debian-amd64"])' 2>out &
        pid=$!
        for _ in $(seq 100); do [ -e started ] && break; sleep 0.1; done
        [ -e "$images/.debian-amd64.new/root/deep" ]
        run mews image create debian-amd64
        [ "$status" -eq 1 ]
        [[ $output == *"another mews is making it"* ]]
        kill -"$signal" $pid
        status=0
        wait $pid || status=$?
        [ "$status" -eq $((128 + $(kill -l $signal))) ]
        [ -e heard ]
        [ "$(wc -l <out)" -eq 1 ]
        nothing_left
    done
}

@test "what a killed one has left, the next one removes" {
    command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
    false_tools
    mkdir -p "$images/.debian-amd64.new/root/a/b"
    run mews image create --size 512M debian-amd64
    [ "$status" -eq 0 ]
    nothing_left debian-amd64
}

@test "progress on a terminal: a line for each stage" {
    command -v mke2fs >/dev/null || PATH=$PATH:/usr/sbin
    false_tools
    sed -i '2i echo "I: running apt-get update..."; echo "I: downloading packages with apt..."; echo "0 upgraded, 2 newly installed, 0 to remove"; echo "Get:1 x"; echo "Get:2 y"; echo "I: creating tarball..."' tools/mmdebstrap
    run script -qec "mews image create --size 512M debian-amd64" /dev/null
    [ "$status" -eq 0 ]
    [[ $output == *"package lists "*"s"*"download 50%"*"download 100%"*"packing"*"unpacking"*"file system"*"kernel "*" s"* ]]
}

@test "run takes an image's name where there is no such file" {
    image web
    run mews run web # its kernel is none: it was found, and read
    [ "$status" -eq 1 ]
    [[ $output == *"$images/web/vmlinuz"* ]]
    cartridge web 0 0 78 4c 01 c0
    run mews run --headless --frames 1 --hash web # a file comes first
    [ "$status" -eq 0 ]
    run mews run --overlay none web
    [ "$status" -eq 2 ]
    one_line
    rm web "$images/web/disk.img"
    run mews run web
    [ "$status" -eq 1 ]
    [[ $output == "mews: image web: its disk.img is missing" ]]
    run mews run nothing
    [ "$status" -eq 1 ]
    [[ $output == *"nothing: No such file"* ]]
}
