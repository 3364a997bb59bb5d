use_secret() {
  send '{type: "jobSuccessResult"}'
  send '{type: "progress", executionDetails: {percentComplete: 100}}'
}
