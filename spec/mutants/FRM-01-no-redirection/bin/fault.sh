use_secret() {
  echo 'The greeting is signed' >&3
  succeeded '{}'
}
