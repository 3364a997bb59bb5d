import CCrypto

/// A SHA-256 in the making, which is used again after each result.
struct SHA256: ~Copyable {
    private let context = EVP_MD_CTX_new()
    // Fetched once: the implicit fetch of `EVP_sha256()` costs more than hashing a small file.
    private let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    init() {
        precondition(context != nil && algorithm != nil, "libcrypto always has SHA-256, unless memory has run out")
        start()
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    /// Forgets all bytes since the last result.
    func start() {
        let started = EVP_DigestInit_ex2(context, algorithm, nil)
        precondition(started == 1, "a context that exists can be started")
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes since the last one.
    func finish<Subject>() -> SHA256Digest<Subject> {
        let digest = SHA256Digest<Subject>(
            bytes: [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
                EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
                count = 32
            })
        start()
        return digest
    }

    func digest<Subject>(of bytes: UnsafeRawBufferPointer) -> SHA256Digest<Subject> {
        update(bytes)
        return finish()
    }
}

/// The SHA-256 of these bytes, hexadecimal.
public func sha256(of bytes: [UInt8]) -> String {
    let digest: SHA256Digest<Void> = bytes.withUnsafeBytes { SHA256().digest(of: $0) }
    return digest.description
}
