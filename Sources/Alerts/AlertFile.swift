// What of the alerts outlives the process: the queue, which lasting conditions were said, and which
// corrections were told of. A crash between a correction and its message is told at the next start; a
// condition that ended while the agent was down is still said to be over.
import Accounting
import Engine
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Text

/// The file; closed at the end.
final class AlertFile {
    let fd: Int32
    let image: UnsafeMutablePointer<sys_pending>
    var failing = false

    /// nil: it cannot be opened.
    init?(_ path: Text) {
        fd = path.withCString { sys_pending_open($0) }
        if fd < 0 { return nil }
        image = UnsafeMutablePointer<sys_pending>.allocate(capacity: 1)
        image.initialize(to: sys_pending())
    }

    deinit {
        if fd < 0 { return }
        sys_pending_close(fd)
        image.deallocate()
    }
}

extension AlertQueue {
    /// Takes over what an earlier process left.
    mutating func restore(_ file: AlertFile, _ now: Now) {
        let p = file.image
        if sys_pending_load(file.fd, p) == 0 { return }
        restored = true
        dropped = p.pointee.dropped
        for i in 0..<min(p.pointee.n, UInt32(AlertQueue.room)) {
            guard let a = sys_pending_at(p, i), let kind = AlertKind(rawValue: a.pointee.kind),
                  let state = AlertState(rawValue: a.pointee.state),
                  let level = Level(rawValue: a.pointee.level),
                  let chars = sys_pending_text(a) else { continue }
            let length = Int(a.pointee.len)
            var t = Text()
            chars.withMemoryRebound(to: UInt8.self, capacity: length) { t.put(raw: $0, count: length) }
            queue.append(Alert(kind: kind, state: state, level: level, text: t, time_s: a.pointee.unix_s,
                               tick: a.pointee.tick))
        }
        guard let said = sys_pending_said(p) else { return }
        for i in 0..<conditions.count where said[i] != 0 {
            guard let level = Level(rawValue: said[i] - 1) else { continue }
            conditions[i] = Condition(holds: true, since_ms: now.mono_ms, said: true, saidAt_ms: now.mono_ms,
                                      level: level)
        }
        for i in 0..<told.count {
            guard let m = sys_pending_mark_at(p, UInt32(i)) else { break }
            told[i] = ek_moment(unix_s: m.pointee.unix_s, slot: m.pointee.slot)
        }
    }

    /// Words when the file cannot be written, once.
    mutating func keep(_ file: AlertFile) -> Text? {
        guard dirty else { return nil }
        dirty = false
        let p = file.image
        p.pointee.dropped = dropped
        p.pointee.n = UInt32(min(queue.count, AlertQueue.room))
        for i in 0..<Int(p.pointee.n) {
            guard let a = sys_pending_at(p, UInt32(i)), let chars = sys_pending_text(a) else { break }
            let q = queue[i]
            a.pointee.kind = q.kind.rawValue
            a.pointee.state = q.state.rawValue
            a.pointee.level = q.level.rawValue
            a.pointee.unix_s = q.time_s
            a.pointee.tick = q.tick
            let n = min(q.text.count, Int(SYS_PENDING_TEXT))
            a.pointee.len = UInt16(n)
            for k in 0..<n { chars[k] = CChar(bitPattern: q.text.bytes[k]) }
        }
        if let said = sys_pending_said(p) {
            for (i, c) in conditions.enumerated() { said[i] = c.said ? c.level.rawValue + 1 : 0 }
        }
        for i in 0..<told.count {
            guard let m = sys_pending_mark_at(p, UInt32(i)) else { break }
            m.pointee.unix_s = told[i].unix_s
            m.pointee.slot = told[i].slot
        }
        let errno = sys_pending_store(file.fd, p)
        if errno == 0 {
            file.failing = false
            return nil
        }
        if file.failing { return nil }
        file.failing = true
        let why = sys_errno_text(errno)
        return "alerts: the queue cannot be written beside the state file (\(c: why)); a restart forgets it"
    }

    mutating func markTold(_ m: Machine) {
        for i in 0..<told.count {
            guard let l = ek_record_market(m.record, UInt32(i))?.pointee.last else { break }
            if l.unix_s == told[i].unix_s && l.slot == told[i].slot { continue }
            told[i] = ek_moment(unix_s: l.unix_s, slot: l.slot)
            dirty = true
        }
    }

    /// The process before this one ended between a correction and its message.
    mutating func tellMissed(_ m: Machine, _ now: Now) {
        defer { markTold(m) }
        guard restored else { return }
        for i in 0..<told.count {
            guard let r = ek_record_market(m.record, UInt32(i)) else { break }
            let l = r.pointee.last
            let known = l.unix_s == told[i].unix_s && l.slot == told[i].slot
            if l.outcome == UInt8(EK_OUT_NONE) || known { continue }
            let filled = l.outcome == UInt8(EK_OUT_FILLED) || l.outcome == UInt8(EK_OUT_PARTIAL_GONE)
                || l.outcome == UInt8(EK_OUT_PAPER)
            push(filled ? .correction : .failure, .once, filled ? .info : .warning,
                 "\(c: ek_market_record_name(r)) \(correction: l); the agent ended before it could say so",
                 m.ticks, now, at: l.unix_s)
        }
    }
}
