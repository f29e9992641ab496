#!/usr/bin/env bats
# --sandbox: what a machine's process holds in its jail, and that the machine lives there. That every other test of
# machines without a window passes in the jail too is the larger part: it is what --sandbox auto does.

load common
load control

pid_of() { field "$1" pid; }

# says_of NAME KEY: a line of /proc/PID/status
says_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$(pid_of "$1")/status"; }

jailed() { [ "$(says_of "$1" Seccomp)" = 2 ] && [ "$(says_of "$1" NoNewPrivs)" = 1 ]; }

@test "behind one's back: a filter, no privileges, namespaces of its own, no files, no network, no descriptor too many" {
    mews run -d --name j --saves kept "$hawk"
    jailed j
    mews ps --json | grep -q '"jailed": true'
    for task in "/proc/$(pid_of j)/task"/*; do # each thread has a list, and one alone
        [ "$(sed -n 's/^Seccomp_filters:[[:space:]]*//p' "$task/status")" = 1 ]
        grep -q '^NoNewPrivs:.1' "$task/status"
    done
    [ "$(says_of j CapEff)" = 0000000000000000 ]
    [ "$(says_of j CapPrm)" = 0000000000000000 ]
    [ "$(id -u)" -eq 0 ] || skip "the rest can only root see"
    pid=$(pid_of j)
    unshare -Urmn true || skip "this host refuses user namespaces"
    for ns in user mnt net ipc; do
        [ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
    done
    [ -z "$(ls -A "/proc/$pid/root/")" ]
    run touch "/proc/$pid/root/file"
    [ "$status" -ne 0 ]
    [ "$(wc -l <"/proc/$pid/mountinfo")" -eq 1 ]
    [ "$(sed 1,2d "/proc/$pid/net/dev" | cut -d: -f1 | tr -d ' ')" = lo ]
    for fd in /proc/"$pid"/fd/*; do
        case $(readlink "$fd") in
        /dev/null | *run/mews/j/log | *run/mews/j/status | *run/mews/j/lock | */statm) ;;
        *kept/.hawk.sav.lock) ;; # no other machine keeps its battery RAM there; empty, to be read
        /memfd:mews-keeper*) ;; # what the keeper writes, if any
        pipe:* | socket:* | anon_inode:\[event*) ;;
        *) readlink "$fd" && false ;;
        esac
    done
}

@test "a machine's whole life in it: steered, looked at, saved, forked, restored; all of these are jailed" {
    battery_rom battery.nes
    mews run -d --name a --saves kept --record a.rec --snapshot end.snap battery.nes
    jailed a
    mews snapshot a one.snap
    mews snapshot --incremental a two.snap
    [ "$(mews fork --name b a)" = b ]
    jailed b
    [ "$(mews restore -d --name c one.snap)" = c ]
    jailed c
    mews stats --json a | grep -q '"snapshots": 3'
    mews show a palette >palette
    mews show -o view.png a nametables
    mews pause a
    mews resume --speed 2 a
    mews send a --keys A
    for m in a b c; do
        mews stop $m
        mews wait $m
    done
    [ "$(od -An -tu1 -N1 kept/battery.sav | tr -d ' ')" = 1 ]
    mews inspect --verify end.snap
    mews replay --headless --verify a.rec
}

@test "fork and restore take --sandbox off, and run too; other words are refused" {
    mews run -d --name a --sandbox off "$hawk"
    [ "$(says_of a Seccomp)" = 0 ]
    mews ps --json | grep -q '"jailed": false'
    mews logs a | grep -q "mews: --sandbox off: "
    run mews run --sandbox off "$MEWS_GUESTS/c6502/hello.hk" </dev/null
    [[ $output == "mews: --sandbox off: "* ]]
    mews fork --name b --sandbox off a
    [ "$(says_of b Seccomp)" = 0 ]
    mews fork --name c --sandbox on a
    jailed c
    run mews run --sandbox perhaps "$hawk"
    [ "$status" -eq 2 ]
    run mews fork --sandbox perhaps a
    [ "$status" -eq 2 ]
    run mews run --sandbox on --saves none --video terminal "$hawk"
    [ "$status" -eq 2 ]
    [[ $output == *"--sandbox on: "* ]]
}

@test "in front: a console and a headless run are jailed, and leave what they leave without" {
    for how in on off; do
        mkdir $how
        mews run --sandbox $how --headless --frames 40 --hash --screenshot $how/a.png --report $how/a.json \
            --audio $how/a.wav --snapshot $how/a.snap --record $how/a.rec "$hawk" >$how/hash
        echo 1+2 | mews run --sandbox $how "$calc" >$how/calc
    done
    cmp on/hash off/hash
    cmp on/calc off/calc
    for f in a.png a.json a.wav; do
        cmp on/$f off/$f
    done
    mews diff on/a.snap off/a.snap
    [ "$(mews replay --sandbox on --headless --hash on/a.rec)" = "$(mews replay --sandbox off --headless --hash off/a.rec)" ]
    mkfifo in
    mews run --name front "$calc" <in >out &
    exec 5>in
    until_true 10 jailed front
    echo 3+4 >&5
    until_true 10 grep -q 7 out
    exec 5>&-
    wait $!
}

@test "where user namespaces are refused: one line, and the list of calls alone" {
    unshare -Ur true || skip "no user namespace in which to refuse them"
    run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec mews run -d --sandbox on --name r "$1"' - "$calc"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == "mews: no namespaces here ("*"): the sandbox is the list of calls alone" ]]
    [ "${lines[1]}" = r ]
    jailed r
    mews send r --line 5+6
    until_true 10 says r 11
    mews logs r | grep -q "no namespaces here"
    mews stop r
}

@test "unasked it says so to a person and in a log, and leaves a script's standard error alone" {
    unshare -Ur true || skip "no user namespace in which to refuse them"
    refused() { unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' - "$@"; }
    run refused mews run "$MEWS_GUESTS/c6502/hello.hk" </dev/null
    [[ $output != *"no namespaces"* ]]
    run refused script -qec "mews run $MEWS_GUESTS/c6502/hello.hk" /dev/null </dev/null
    [[ $output == *"mews: no namespaces here ("* ]]
    run refused mews run -d --name q "$calc"
    [ "$status" -eq 0 ]
    [ "$output" = q ]
    jailed q
    mews logs q | grep -q "no namespaces here"
    mews stop q
}

@test "another user than root has it too" {
    [ "$(id -u)" -eq 0 ] || skip "who runs this is no other"
    dir=$(mktemp -d /tmp/mews-sandbox.XXXXXX)
    mkdir -m 700 "$dir/run"
    cp "$MEWS" "$calc" "$dir"
    chown -R 65534:65534 "$dir"
    nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_RUNTIME_DIR="$dir/run" HOME="$dir" "$dir/mews" "$@"; }
    run nobody run -d --name n "$dir/calc.hk"
    echo "$output"
    [ "$status" -eq 0 ]
    pid=$(nobody ps --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
    grep -q 'Seccomp:.2' "/proc/$pid/status"
    grep -q 'CapEff:.0000000000000000' "/proc/$pid/status"
    [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] || nobody logs n | grep -q "no namespaces here"
    nobody send n --line 2+3
    nobody stop n
    nobody logs n | grep -q 5
    nobody rm n
    rm -r "$dir"
}

@test "a violation ends the process, and wait, ps and the log say so" {
    mews run -d --name v "$calc"
    kill -SYS "$(pid_of v)"
    run mews wait v
    [ "$status" -eq 1 ]
    [[ $output == "mews: the sandbox refused the system call "* ]]
    says v "the sandbox refused the system call"
}

@test "--host-cpus and --host-memory: wrong words, a cgroup of its own, or a line that says why there is none" {
    for word in 0 -1 1. 2x .5 ''; do
        run mews run --host-cpus "$word" "$calc"
        [ "$status" -eq 2 ]
        [[ $output == "mews: run: --host-cpus $word: want a number such as 2 or 0.5"* ]]
    done
    run mews run --host-memory 0 "$calc"
    [ "$status" -eq 2 ]
    run mews run -d --name b --host-cpus 0.5 --host-memory 200M "$calc"
    if [ "$status" -eq 0 ]; then
        group=$(sed -n 's/^0:://p' "/proc/$(pid_of b)/cgroup")
        [[ $group == */mews-$(pid_of b) ]]
        root=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
        [ "$(cat "$root$group/cpu.max")" = "50000 100000" ]
        mews stop b
        until_true 10 test ! -d "$root$group"
    else
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "mews: --host-cpus: "*cgroup* ]]
    fi
}

@test "in front, at a terminal: signals of job control and of an end need no call that a jail has not" {
    [ -r /dev/kvm ] && [ -w /dev/kvm ] || skip "/dev/kvm cannot be opened"
    python3 - "$MEWS" "$MEWS_GUESTS/x86/devices.elf" <<'END'
import os, pty, select, signal, sys
pid, fd = pty.fork()
if not pid:
    os.execv(sys.argv[1], [sys.argv[1], "run", sys.argv[2]])
seen = b""
def read_to(text):
    global seen
    while text not in seen and select.select([fd], [], [], 20)[0]:
        seen += os.read(fd, 1000)
    assert text in seen, seen
read_to(b"round")
os.kill(pid, signal.SIGTSTP)
seen = b""
read_to(10 * b"round\r\n")
os.kill(pid, signal.SIGQUIT)
_, status = os.waitpid(pid, 0)
assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 128 + signal.SIGQUIT, (status, seen)
assert b"sandbox" not in seen, seen
END
}
