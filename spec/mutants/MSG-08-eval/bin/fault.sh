greet() {
  eval "cat <<END
Greeting $(setting Name)
END"
  succeeded '{outputVariables: {Greeting: "Hello, \($c.Name[:1000])!"}}'
}
