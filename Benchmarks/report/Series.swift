/// The values of one thing in all rounds.
struct Series {
    private(set) var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var least: Double { values.min()! }

    /// Median, smallest and largest.
    var text: String { "\(fixed(median)) (\(fixed(values.min()!))–\(fixed(values.max()!)))" }

    /// Round by round, so that what disturbs a whole round disturbs both.
    func over(_ other: Series) -> Series { Series(values: zip(values, other.values).map { $0 / $1 }) }
}

/// With two decimals.
func fixed(_ value: Double) -> String {
    let hundredths = Int((abs(value) * 100).rounded())
    let fraction = "\(100 + hundredths % 100)".dropFirst()
    return "\(value < 0 && hundredths > 0 ? "-" : "")\(hundredths / 100).\(fraction)"
}

func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
