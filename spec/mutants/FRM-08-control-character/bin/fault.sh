use_secret() {
  message '{type: "progress", executionDetails: {summary: "one_two"}}' | sed 's/one_two/one\ttwo/' >&3
  succeeded '{}'
}
