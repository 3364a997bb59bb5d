exec 4> >(exec jq -c . >&3)
finish() {
  trap '' TERM
  message "$@" >&4
  exec 4>&-
  wait
  exit 0
}
send() { message "$@" >&4; }
