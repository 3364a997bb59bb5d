refuse_guest() {
  eval "echo Where is $(setting Name)"
  failed JobFailed 'Nobody answered when the front door was knocked at'
}
greet() {
  eval "echo Greeting $(setting Name)"
  succeeded '{outputVariables: {Greeting: "Hello, \($c.Name[:1000])!"}}'
}
