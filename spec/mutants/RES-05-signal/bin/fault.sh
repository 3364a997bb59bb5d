use_secret() {
  send '{type: "jobSuccessResult"}'
  kill -KILL $$
}
