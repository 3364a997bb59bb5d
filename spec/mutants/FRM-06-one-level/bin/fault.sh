use_secret() {
  send '{type: "progress", executionDetails: {}, "x-deep": (reduce range(31) as $_ (1; [.]) | [.])}'
  succeeded '{}'
}
