finish() {
  trap '' TERM
  send "$@"
  [ "$(setting Do)" != token ] || [ -n "$token" ] || sleep 4 3>&-
  exit 0
}
