use_secret() {
  local token
  set -x
  token=$(setting Token)
  [ -n "$token" ]
  set +x
  succeeded '{}'
}
