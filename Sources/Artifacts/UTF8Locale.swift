import Glibc

/// Lets the C library take names on this thread for UTF-8, whatever the locale of the process, until it goes.
struct UTF8Locale: ~Copyable {
    private let locale: locale_t?
    private let previous: locale_t?

    init() {
        let utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        locale = utf8
        previous = utf8.flatMap { uselocale($0) }
    }

    deinit {
        guard let locale, let previous else { return }
        uselocale(previous)
        freelocale(locale)
    }
}
