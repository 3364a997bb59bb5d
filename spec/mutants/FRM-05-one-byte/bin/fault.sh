use_secret() {
  local line
  line=$(message '{type: "progress", executionDetails: {}, "x-blob": ""}')
  printf '%s%0*d"}\n' "${line%\"\}}" $((1048576 - ${#line})) 0 >&3
  succeeded '{}'
}
