work_long() {
  sleep 11 3>&-
  succeeded '{}'
}
