finish() {
  trap '' TERM
  [ ! -e "$TMPDIR" ] || date -u >"$TMPDIR/work"
  send "$@"
  sleep 0.5 3>&-
  rm -f "$TMPDIR/work"
  exit 0
}
