use_secret() {
  setsid sleep 9 </dev/null >/dev/null 2>&1 3>&- &
  succeeded '{}'
}
