greet() {
  cd $PWD || failed JobFailed 'The directory of the job cannot be entered; the log says why'
  send '{type: "progress", executionDetails: {summary: "Greeting", percentComplete: 50}}'
  succeeded '{outputVariables: {Greeting: "Hello, \($c.Name[:1000])!"}}'
}
