// POST /ctl make: another user of the venue whose order is at hand fills one of the book's, as the program
// would match the two.
import Text

extension ChainNode {
    /// Order `order_id` at `price`: behind a vAMM that is not paused and does better, and only where the
    /// order's own bound allows it in this slot.
    func makeOrder(_ q: Value, _ j: inout Json) throws(ControlError) {
        let id = try integer(q, "order_id")
        guard let priceE9 = q["price"].decimal(9), priceE9 > 0 else {
            throw ControlError("ValueError: price")
        }
        let live = liveOrders().first { Int64($0.1.id) == id }
        j.open()
        j.bool("filled", live.map { keeperFill($0.0, partial: false, makerE9: priceE9) } ?? false)
        j.close()
    }
}
