use_secret() {
  send '{type: "heartbeat"}'
  succeeded '{}'
}
