finish() {
  trap '' TERM
  printf '%s' "$(message "$@")" >&3
  exit 0
}
