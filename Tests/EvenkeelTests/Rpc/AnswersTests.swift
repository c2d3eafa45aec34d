// Answers of nodes and providers: the facts in them, and the words for people where there is none.
import EvenkeelCore
import Foundation
import Rpc
import Testing
import Text

/// Calls `body` with an answer of that text, as it came from endpoint 1.
func withAnswer<R>(_ text: String, status: Int = 200, wire: Wire = .ok, id: UInt32 = 7,
                   method: StaticString = "getHealth", _ body: (Answer) -> R) -> R {
    Array(text.utf8).withUnsafeBufferPointer { p in
        var a = Answer(id: id, endpoint: 0, wire: wire, status: status, body: p,
                       latency_us: 1_000, retryAfter_s: 0)
        a.method = method
        a.place = "endpoint 1, https://rpc.example/…"
        return body(a)
    }
}

func wordsOf(_ t: Text) -> String { String(decoding: t.bytes, as: UTF8.self) }

/// An answer with id 7: a result, or an error of that code, message and data.
func result(_ json: String) -> String { #"{"jsonrpc":"2.0","id":7,"result":\#(json)}"# }
func failure(_ code: Int, _ message: String, data: String? = nil) -> String {
    let more = data.map { #","data":\#($0)"# } ?? ""
    return #"{"jsonrpc":"2.0","id":7,"error":{"code":\#(code),"message":"\#(message)"\#(more)}}"#
}
let behind42 = failure(-32005, "Node is behind by 42 slots", data: #"{"numSlotsBehind":42}"#)

@Suite struct HealthTests {
    private func health(_ text: String, status: Int = 200) -> (Answers.Health?, Trouble?) {
        withAnswer(text, status: status) { a in
            do throws(Trouble) { return (try Answers.health(a), nil) } catch { return (nil, error) }
        }
    }

    @Test func aNodeThatKeepsUpIsWell() {
        #expect(health(result(#""ok""#)).0 == .well)
        #expect(health(result(#""unknown""#)).1 != nil)
    }

    @Test func oneThatLagsSaysByHowMuch() {
        #expect(health(behind42).0 == .behind(slots: 42))
        #expect(health(behind42, status: 503).0 == .behind(slots: 42))
        let most = behind42.replacingOccurrences(of: "42}", with: "18446744073709551615}")
        #expect(health(most).0 == .behind(slots: .max))
    }

    /// The same code without a number: a provider's rate limit, or a node that does not know.
    @Test(arguments: [nil, #"{"numSlotsBehind":null}"#, #"{"numSlotsBehind":"42"}"#,
                      #"{"numSlotsBehind":-1}"#, #"{"numSlotsBehind":18446744073709551616}"#, "42", "[]"])
    func withoutANumberItIsNoFact(_ data: String?) {
        let (fact, trouble) = health(failure(-32005, "Too many requests", data: data))
        #expect(fact == nil && trouble?.code == nodeIsBehind)
        #expect(trouble.map { wordsOf($0.words).contains("limit of requests") } == true)
    }

    @Test func aNumberOfAnotherRequestOrErrorIsNoFact() {
        #expect(health(behind42.replacingOccurrences(of: "\"id\":7", with: "\"id\":8")).0 == nil)
        #expect(health(behind42.replacingOccurrences(of: "32005", with: "32004")).0 == nil)
        #expect(health("").0 == nil && health("{").0 == nil && health("[]").0 == nil)
    }

    @Test func theRequestAsksForIt() {
        var r = Requests()
        let text = r.health(id: 9) { String(decoding: $0, as: UTF8.self) }
        #expect(text == #"{"jsonrpc":"2.0","id":9,"method":"getHealth","params":[]}"#)
    }
}

@Suite struct TroubleTests {
    private func said(_ text: String, status: Int = 200, wire: Wire = .ok) -> String {
        withAnswer(text, status: status, wire: wire, method: "getGenesisHash") { a in
            do throws(Trouble) {
                _ = try Answers.result(a)
                return "nothing"
            } catch { return wordsOf(error.words) }
        }
    }

    @Test func aRefusedMethodIsNamedWithItsEndpointAndWhatToDo() {
        #expect(said(failure(-32601, "Method not found")) == """
            RPC error -32601: Method not found (getGenesisHash at endpoint 1, https://rpc.example/…): this \
            node or its plan does not offer the method, use another endpoint for it
            """)
    }

    @Test func threeWaysOfNotGettingThereAreThree() {
        let words = [Wire.name, .connect, .proxy, .unreachable, .tls, .timeout].map { said("", wire: $0) }
        let parts = ["host name not found", "connection refused", "proxy does not answer",
                     "cannot be reached", "TLS handshake", "RPC connection timeout"]
        for (w, part) in zip(words, parts) {
            #expect(w.contains(part) && w.contains("getGenesisHash at endpoint 1"), "\(w)")
        }
        #expect(Set(words).count == words.count)
    }

    @Test(arguments: [
        (#"{"error":"invalid api key"}"#, 401, "HTTP 401, invalid api key ("),
        (failure(-32403, "Method not in plan"), 403, "HTTP 403, Method not in plan ("),
        (#"{"message":"no such \"app\"\n now"}"#, 404, "HTTP 404, no such \"app\" now ("),
        ("<html><head><TITLE>502 Bad Gateway</TITLE></head>", 502, "HTTP 502, 502 Bad Gateway ("),
        ("upstream  failed\nmore", 500, "HTTP 500, upstream failed ("),
        ("", 503, "HTTP 503 ("), ("{broken", 503, "HTTP 503 ("), ("<p>x</p>", 503, "HTTP 503 ("),
        ("slow down", 429, "HTTP 429 (rate limit), slow down ("),
    ])
    func theBodysSentenceIsPassedOn(_ body: String, _ status: Int, _ part: String) {
        let words = said(body, status: status)
        #expect(words.hasPrefix("RPC answered \(part)"), "\(words)")
    }

    /// Providers repeat the key or the URL that they refuse.
    @Test(arguments: ["Invalid key 0a1b2c3d4e5f60718293", "unknown 123e4567-e89b-12d3-a456-426614174000",
                      "bad abcdefghijklmnopqrstuvwxyzABCDEFGH"])
    func whatMayBeAKeyIsNotPassedOn(_ body: String) {
        let words = said(body, status: 401)
        let key = body.split(separator: " ").last!
        #expect(!words.contains(key) && words.contains("…"), "\(words)")
    }

    @Test func outsideWordsAreCutAndClean() {
        let long = String(repeating: "long word ", count: 100)
        let words = said("a\u{1b}[2J\u{7f}é\u{2028} " + long, status: 500)
        #expect(!words.contains("\u{1b}") && words.contains("a [2J ? long"), "\(words)")
        #expect(words.contains("…"))
        #expect(words.utf8.count < 400)
        let name = said(failure(-32000, "no getRecentPrioritizationFees for you"))
        #expect(name.contains("getRecentPrioritizationFees for you"))
    }
}

/// Every reader of answers over many damaged ones: none may trap, and words stay printable.
@Suite struct DamagedAnswersTests {
    private static let hash = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N"
    private static let landed =
        #"{"slot":48,"confirmations":null,"err":null,"confirmationStatus":"finalized"}"#
    private static let whole = [
        behind42, result(#""ok""#),
        result(#"{"context":{"slot":5},"value":{"blockhash":"\#(hash)","lastValidBlockHeight":3090}}"#),
        result(#"{"absoluteSlot":166598,"blockHeight":166500,"epoch":27}"#),
        result(#"[{"slot":348125,"prioritizationFee":1234},{"slot":348126,"prioritizationFee":0}]"#),
        result(#"{"context":{"slot":82},"value":[\#(landed)]}"#),
        result(#"{"context":{"slot":218},"value":{"err":null,"logs":[],"unitsConsumed":2366}}"#),
        "<html><head><title>403 Forbidden</title></head></html>",
        #"{"error":"a \u0041\\\" key=0123456789abcdef0"}"#,
    ]

    private struct Random {
        var state: UInt64
        mutating func next(_ n: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, n)
        }
    }

    private func any(_ r: inout Random) -> [UInt8] {
        Array(DamagedAnswersTests.whole[r.next(DamagedAnswersTests.whole.count)].utf8)
    }

    private func damaged(_ r: inout Random) -> [UInt8] {
        var b = any(&r)
        for _ in 0...r.next(4) {
            let other = any(&r)
            switch r.next(6) {
            case 0 where !b.isEmpty: b[r.next(b.count)] = UInt8(truncatingIfNeeded: r.next(256))
            case 1 where !b.isEmpty: b.removeLast(r.next(b.count))
            case 2 where !b.isEmpty: b.remove(at: r.next(b.count))
            case 3: b.insert(contentsOf: other[r.next(other.count)...], at: r.next(b.count + 1))
            case 4: b.insert(UInt8(truncatingIfNeeded: r.next(256)), at: r.next(b.count + 1))
            default:
                if let at = b.firstIndex(of: UInt8(0x30 + r.next(10))) { b[at] = UInt8(0x30 + r.next(10)) }
            }
        }
        return b
    }

    private func readAll(_ a: Answer) -> [Trouble] {
        var troubles: [Trouble] = []
        func read(_ body: () throws(Trouble) -> Void) {
            do throws(Trouble) { try body() } catch { troubles.append(error) }
        }
        read { () throws(Trouble) in _ = try Answers.health(a) }
        read { () throws(Trouble) in _ = try Answers.blockhash(a) }
        read { () throws(Trouble) in _ = try Answers.epoch(a) }
        read { () throws(Trouble) in _ = try Answers.feePercentile(a, percentile: 75) }
        read { () throws(Trouble) in _ = try Answers.status(a) }
        read { () throws(Trouble) in _ = try Answers.simulated(a) }
        return troubles
    }

    @Test func noneTrapsAndEveryWordIsPrintable() {
        var r = Random(state: 20_260_730)
        for _ in 0..<20_000 {
            let bytes = damaged(&r)
            let troubles = bytes.withUnsafeBufferPointer { p in
                readAll(Answer(id: 7, endpoint: 0, wire: .ok, status: r.next(3) == 0 ? 500 : 200, body: p,
                               latency_us: 0, retryAfter_s: 0))
            }
            #expect(troubles.count >= 5)
            for t in troubles {
                let words = t.words.bytes
                // The ellipsis is the only thing beside ASCII.
                if words.contains(where: { $0 < 0x20 || $0 == 0x7F }) || words.count > 500 {
                    Issue.record("\(wordsOf(t.words)) of \(String(decoding: bytes, as: UTF8.self))")
                }
            }
        }
    }
}
