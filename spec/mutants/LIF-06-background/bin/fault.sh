use_secret() {
  sleep 9 &
  succeeded '{}'
}
