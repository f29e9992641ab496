#!/bin/sh
# NES: frames per CPU second beside other programs, size and start-up; and what each makes of a public test ROM. Five
# rounds or more are kept in bench/results.
# usage: run.sh [--rounds N] [--frames N] [--only NAME,...]     a few minutes; $MEWS_BUILD (build/release), $MEWS_TESTDATA
set -eu
cd "$(dirname "$0")/../.."
python3 bench/nes/run.py "$@"
if [ $# = 0 ]; then
    python3 bench/nes/conformance.py || [ $? = 77 ]
fi
