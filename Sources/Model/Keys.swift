// Two public keys are one.
import EvenkeelCore

package func same(_ a: ek_key, _ b: ek_key) -> Bool {
    withUnsafePointer(to: a) { x in withUnsafePointer(to: b) { y in ek_key_equal(x, y) != 0 } }
}
