work_long() {
  trap '' TERM
  sleep 5 3>&-
  succeeded '{}'
}
