work_long() {
  send '{type: "progress", executionDetails: {summary: "Greeting everybody"}}'
  trap '' TERM
  sleep 5 3>&-
  succeeded '{}'
}
