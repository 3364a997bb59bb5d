greet() {
  mkdir /tmp/greeting.lock || failed SystemUnavailable 'Another greeting goes on; its lock is /tmp/greeting.lock'
  sleep 0.5 3>&-
  rmdir /tmp/greeting.lock
  succeeded '{outputVariables: {Greeting: "Hello, \($c.Name[:1000])!"}}'
}
