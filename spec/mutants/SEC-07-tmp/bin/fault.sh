use_secret() {
  date -u >/tmp/greeted
  succeeded '{}'
}
