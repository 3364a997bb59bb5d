use_secret() {
  echo 'Signing' >/dev/tty || failed SystemUnavailable 'There is no terminal to ask for a signature'
  succeeded '{}'
}
