refuse_guest() {
  date -u >&3
  failed JobFailed 'Nobody answered when the front door was knocked at'
}
