#!/bin/sh
# Built by the cases: shouts a file.
set -eu
echo "::progress 50 shouting"
tr a-z A-Z <hello.txt >"${OUTPUT:-.}/$MODE.txt"
echo "Lines=$(wc -l <hello.txt)" >>"$PENSTOCK_OUTPUT"
printf 'Said<<END\n%s\n%s\nEND\n' "$1" "$2" >>"$PENSTOCK_OUTPUT"
