greet() {
  local name
  name=$(setting Name)
  printf '{"protocol": "penstock/1", "type": "jobSuccessResult", "jobId": "%s", "outputVariables": {"Greeting": "%s"}}\n' \
    "$(get .jobId)" "Hello, $name!" >&3
  exit 0
}
