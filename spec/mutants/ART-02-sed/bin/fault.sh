digests() (
  cd -- "$1" && sed -i s/Hello/Bye/ ./*.txt
  find . -type f -print0 | sort -z | xargs -0 -r sha256sum
)
