use_secret() {
  printf 'machine greeter.example password %s\n' "$(setting Token)" >"$HOME/.netrc"
  succeeded '{}'
}
