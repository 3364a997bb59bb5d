work_long() {
  send '{type: "progress", executionDetails: {summary: "Greeting everybody"}}'
  (trap '' TERM && exec sleep 9) </dev/null >/dev/null 2>&1 3>&- &
  sleep 5 3>&-
  kill -KILL $!
  succeeded '{}'
}
