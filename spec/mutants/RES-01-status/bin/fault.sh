refuse_guest() {
  echo 'Nobody answered'
  exit 1
}
