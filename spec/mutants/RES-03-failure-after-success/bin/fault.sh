use_secret() {
  send '{type: "jobSuccessResult"}'
  failed JobFailed 'The key cannot be put back'
}
