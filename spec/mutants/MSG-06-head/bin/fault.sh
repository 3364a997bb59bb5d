read_job() {
  job=$(head -c 65536 | jq -c -n 'first(inputs) | if .type == "job" and .data then . else error("it is no job") end') ||
    exit 65
  [ -n "$job" ] || exit 0
}
