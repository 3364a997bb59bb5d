work_long() {
  trap '' TERM
  send '{type: "progress", executionDetails: {summary: "Greeting everybody"}}'
  sleep 5 3>&-
  succeeded '{}'
}
