// A price path from a CSV file.

/// Rows of `time,open,high,low,close,...`, time in seconds or milliseconds; lines that are not numbers (a
/// header) are skipped.
package enum PriceCsv {
    package static func read(_ b: UnsafeBufferPointer<UInt8>) -> [PricePoint] {
        var out: [PricePoint] = [], at = 0, lastClose: Int64 = 0, step: Int64 = 0
        while at < b.count {
            var end = at
            while end < b.count && b[end] != 0x0A { end += 1 }
            var fields: [(Int, Int)] = [], from = at
            for i in at...end where i == end || b[i] == 0x2C {
                var to = i
                while to > from && (b[to - 1] == 0x0D || b[to - 1] == 0x20) { to -= 1 }
                fields.append((from, to))
                from = i + 1
            }
            at = end + 1
            func field(_ i: Int, _ decimals: Int) -> Int64? {
                Decimal.parse(UnsafeBufferPointer(rebasing: b[fields[i].0..<fields[i].1]), decimals)
            }
            guard fields.count >= 5, var t = field(0, 0), let open = field(1, 9), let close = field(4, 9),
                  open > 0, close > 0 else {
                continue
            }
            if t < 100_000_000_000 { t *= 1000 }
            guard t > (out.last?.tsMs ?? 0) else { continue }
            if let l = out.last { step = t - l.tsMs }
            out.append(PricePoint(tsMs: t, priceE9: open))
            lastClose = close
        }
        if let l = out.last, step > 0 { out.append(PricePoint(tsMs: l.tsMs + step, priceE9: lastClose)) }
        return out
    }
}
