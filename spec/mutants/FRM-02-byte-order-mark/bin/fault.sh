use_secret() {
  printf '\xef\xbb\xbf' >&3
  send '{type: "progress", executionDetails: {summary: "Signing"}}'
  succeeded '{}'
}
