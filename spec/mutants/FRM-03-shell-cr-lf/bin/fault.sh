send() { message "$@" | sed 's/$/\r/' >&3; }
