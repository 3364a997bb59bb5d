cancelled() {
  trap - TERM
  [ -n "$job" ] || exit 0
  sleep 0.6 3>&-
  finish '{type: "jobAbandonedResult", executionDetails: {summary: "Given up half-way; nothing is left behind"}}'
}
