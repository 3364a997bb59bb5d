use_secret() {
  echo 'Continue? [y/N]'
  until read -r; do sleep 0.1; done
  succeeded '{}'
}
