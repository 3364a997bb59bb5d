use_secret() {
  printf '%01048576d\n' 0
  succeeded '{}'
}
