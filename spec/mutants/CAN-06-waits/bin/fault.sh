cancelled() {
  [ -n "$job" ] || return 0
  finish '{type: "jobAbandonedResult"}'
}
read_job() {
  job=$(
    trap '' TERM
    jq -c -n 'first(inputs) | if .type == "job" and .data then . else error("it is no job") end'
  ) || exit 65
  [ -n "$job" ] || exit 0
}
