digests() (cd in && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
