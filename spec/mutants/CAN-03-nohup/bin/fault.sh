work_long() {
  (trap '' TERM && exec sleep 9) </dev/null >/dev/null 2>&1 3>&- &
  sleep 0.1
  send '{type: "progress", executionDetails: {summary: "Greeting everybody"}}'
  sleep 5 3>&-
  kill -KILL $!
  succeeded '{}'
}
