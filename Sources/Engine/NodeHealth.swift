// What a node says of itself: whether it is behind the cluster, and by how much. Asked when a correction is
// due and now and then, so that the gate `slot_lag` closes also where there is no other node to compare with.
import Execute
import Model
import Rpc
import Text

private let healthEvery_ticks: UInt64 = 10

extension Machine {
    /// One that said it was behind is asked in every tick whether it still is.
    func askHealthNowAndThen() {
        let behind = endpoints.all[readEndpoint].behind_slots > 0
        if behind || ticks % healthEvery_ticks == 0 { askHealth(readEndpoint) }
    }

    func askHealth(_ e: Int) {
        if requests.has(.health, at: e) || endpoints.all[e].restUntil_ms > clock.mono_ms { return }
        _ = post(.health, e) { r, id in
            r.health(id: id) { effects.post(endpoint: e, id: id, body: $0) }
        }
    }

    func healthAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        // A node that does not offer the method, or says no number, has said nothing of its lag.
        do throws(Trouble) {
            switch try Answers.health(a) {
            case .well: endpoints.all[e].behind_slots = 0
            case .behind(let slots): endpoints.all[e].behind_slots = slots
            }
            endpoints.all[e].behindAt_ms = now.mono_ms
        } catch {}
    }
}
