greet() {
  send '{type: "progress", executionDetails: {summary: "Greeting; the host can \($job.host.features | join(", "))"}}'
  succeeded '{outputVariables: {Greeting: "Hello, \($c.Name[:1000])!"}}'
}
