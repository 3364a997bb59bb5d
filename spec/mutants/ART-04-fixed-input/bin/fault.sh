digests() (cd in/App && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
