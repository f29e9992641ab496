#!/bin/sh
# KVM: from exec to the guest's first instruction, exits, memory, restore; a boot, a disk and networks beside QEMU's -accel kvm.
# On the machine's own /dev/kvm, or where there is none in a host with AMD-V under QEMU's translator: times there are but ratios.
# usage: run.sh [--rounds N] [--only PART,...] [--here|--nested]    many minutes; $MEWS_BUILD (build/release), $MEWS_KVM_CACHE
set -eu
cd "$(dirname "$0")/../.."
exec python3 bench/kvm/run.py "$@"
