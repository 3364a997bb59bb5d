use_secret() {
  local line
  line=$(message '{type: "progress", executionDetails: {summary: "Signing"}}')
  { printf '%s' "${line:0:30}" && sleep 0.3 && printf '%s\n' "${line:30}"; } >&3 &
  sleep 0.1
  send '{type: "progress", executionDetails: {summary: "Going on"}}'
  wait
  succeeded '{}'
}
