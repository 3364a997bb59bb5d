explain() {
  echo 'This is a Penstock plugin'
  exit 0
}
