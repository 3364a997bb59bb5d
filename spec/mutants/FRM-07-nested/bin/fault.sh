use_secret() {
  message '{type: "progress", executionDetails: {summary: "once", x: "twice"}}' | sed 's/"x"/"summary"/' >&3
  succeeded '{}'
}
