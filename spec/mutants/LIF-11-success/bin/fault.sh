read_job() {
  job=$(jq -c -n 'first(inputs)' || echo '{}')
  [ -n "$job" ] || exit 0
  [ -n "$(get .jobId)" ] || succeeded '{}'
}
