#!/bin/sh
# Greets; your work takes the place of the greeting. bin/exec runs this script, and speaks with the host for it:
#   CONFIG_NAME …          the configuration: a variable for each property that is given
#   INPUT_APP …, INPUT     directories of the input artifacts, and of the first; only to be read
#   OUTPUT_APP …, OUTPUT   directories of the output artifacts, and of the first; to be filled
#   INPUTS, OUTPUTS        all of them, one a line
#   PENSTOCK_OUTPUT        a file for output variables: append lines of KEY=VALUE
# What is printed is the log, less the lines that begin with ::progress, ::failure, ::revision or ::mask.
# Status 0 is a success. A cancel is SIGTERM, for this script and for all that it has started.
set -euf
IFS='
'

refuse() {
    echo "::failure ConfigurationError $1"
    exit 1
}

# A value for people: in one line, and not too long.
short() {
    printf %s "$1" | tr '\n' ' ' | awk '{ print substr($0, 1, 100) }'
}

# The configuration. The host checks what plugin.json says of it; the rest is for you.
name=${CONFIG_NAME:-}
seconds=${CONFIG_SECONDS:-0}
length=$(printf %s "$name" | wc -m)
if [ "$length" -lt 1 ] || [ "$length" -gt 1000 ]; then
    refuse "Name \"$(short "$name")\" has $length characters; 1 to 1000 are needed"
fi
case $seconds in
*[!0-9]* | 0?* | ?????*) refuse "Seconds \"$(short "$seconds")\" is no whole number from 0 to 3600" ;;
esac
[ "$seconds" -le 3600 ] || refuse "Seconds \"$seconds\" is above the limit of 3600"

echo "::progress 0 Greeting $(short "$name")"

# The input artifacts. (Without any, find looks at the directory where this runs, which is empty.)
files=$(find $INPUTS -type f -printf x | wc -c)

# The real work may be any program. Meanwhile progress is told.
(
    second=0
    while sleep 1 && [ "$second" -lt "$seconds" ]; do
        second=$((second + 1))
        echo "::progress $((second * 100 / seconds)) Second $second of $seconds"
    done
) &
sleep "$seconds" || {
    echo "::failure JobFailed sleep $seconds ended with status $?"
    exit 1
}
kill $!

# The output artifacts and variables. A value that may have several lines is put between two lines of one word.
greeting="Hello, $name!"
for output in $OUTPUTS; do
    printf '%s\n' "$greeting" >"$output/greeting.txt"
done
cat >>"$PENSTOCK_OUTPUT" <<END
Files=$files
Greeting<<$ACTION_EXECUTION_ID
$greeting
$ACTION_EXECUTION_ID
END
echo "::revision $(printf %s "$greeting" | sha256sum | cut -c 1-64) Greeting" # only: Source
