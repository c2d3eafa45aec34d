// The books that were read, and the memory they are read into.
import EvenkeelCore
import Model

package final class Books {
    /// The last book that was read whole; meaningful when `known`.
    package let latest: Book
    package internal(set) var known = false
    /// The book of a second look.
    let other: Book
    /// The accounts that are read.
    package let plan: UnsafeMutablePointer<ek_plan>
    let work: UnsafeMutableBufferPointer<UInt8>
    /// The last answer that made a whole book, as it came, for `status --accounts`: the first bytes of memory
    /// that is kept.
    private var kept: [UInt8] = []
    package private(set) var answerBytes = 0

    init() {
        latest = Books.allocate(ek_book_size()).bindMemory(to: ek_book.self, capacity: 1)
        other = Books.allocate(ek_book_size()).bindMemory(to: ek_book.self, capacity: 1)
        plan = Books.allocate(ek_plan_size()).bindMemory(to: ek_plan.self, capacity: 1)
        work = UnsafeMutableBufferPointer.allocate(capacity: 16384)
    }

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    }

    deinit {
        UnsafeMutableRawPointer(latest).deallocate()
        UnsafeMutableRawPointer(other).deallocate()
        UnsafeMutableRawPointer(plan).deallocate()
        work.deallocate()
    }

    func clearPlan(_ a: Account) {
        var (authority, signer) = (a.authority, a.signer)
        _ = ek_plan_init(plan, a.venue, &authority, a.subAccount, &signer)
    }

    /// By one copy: an array that is made of a buffer is filled byte by byte.
    func keep(_ body: UnsafeBufferPointer<UInt8>) {
        if kept.count < body.count { kept = [UInt8](repeating: 0, count: body.count + body.count / 4) }
        answerBytes = body.count
        kept.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(body)) }
    }

    package func withAnswer<R>(_ use: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        kept.withUnsafeBufferPointer { use(UnsafeBufferPointer(rebasing: $0[0..<answerBytes])) }
    }
}
