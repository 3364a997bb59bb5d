use_secret() {
  send '{type: "log", level: "info", message: ("hello, " * 2400)}'
  succeeded '{}'
}
