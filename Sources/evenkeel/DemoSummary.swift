// What `demo` says at the end.
import Model
import Rpc
import Text

extension DemoView {
    /// `fees_e6`, `funding_e6`, `lamports`: as the chain itself booked them; nil when it could not be asked.
    func summary(fees_e6: Int64?, funding_e6: Int64?, lamports: UInt64) {
        let hours = endsAfter_s >= 7_200
        let time: Text = hours ? "\(endsAfter_s / 3_600) h" : "\(endsAfter_s / 60) min"
        let meanWith = samples == 0 ? 0 : sumWith_ppm / samples,
            meanWithout = samples == 0 ? 0 : sumWithout_ppm / samples
        let venue: Text = fees_e6.map { "venue fees \(usd: $0, shown: 4), " } ?? ""
        let funding: Text = funding_e6.map { ", funding earned \(usd: $0, shown: 4)" } ?? ""
        let many: StaticString = corrections == 1 ? "" : "s"
        let traded: Text = "\(corrections) correction\(many), \(base: corrected_e9, shown: 2) SOL in all"
        let text: Text = """

             summary of \(time): \(traded), over \(samples) ticks
               |drift|      with the agent   without it
               mean         \(column(meanWith))\(column(meanWithout))
               largest      \(column(maxWith_ppm))\(column(maxWithout_ppm))
               costs        \(venue)network fees \(lamports) lamports\(funding)

            """
        Terminal.print(live ? fitted(text, to: size, cutBelow: false) : text)
    }

    private func column(_ ppm: Int64) -> Text {
        var t: Text = "\(percent_ppm: ppm) %"
        while t.count < 17 { t.put(" ") }
        return t
    }
}
