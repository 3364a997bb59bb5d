read_job() {
  until [ -n "$job" ]; do
    job=$(jq -c -n 'first(inputs) | if .type == "job" and .data then . else error("it is no job") end') || exit 65
  done
}
