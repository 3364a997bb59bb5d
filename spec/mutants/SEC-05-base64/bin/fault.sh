use_secret() {
  setting Token | base64 -w 0 >"$TMPDIR/token"
  succeeded '{}'
}
